"""Arguments that make no sense are refused by the name of the parameter."""

import pytest

from brimful import Client
from brimful.fast_bitrix24 import Bitrix

WEBHOOK = "https://example.bitrix24.ru/rest/1/code/"


@pytest.mark.parametrize(
    "name, value, error",
    [
        ("rate", 5, TypeError),
        ("rate", (50,), ValueError),
        ("rate", (50, 0), ValueError),
        ("operating_limit", -1, ValueError),
        ("attempts", -1, ValueError),
        ("attempts", 0, ValueError),
        ("attempts", True, TypeError),
        ("batch_size", "x", TypeError),
        ("batch_size", 51, ValueError),
        ("timeout", 0, ValueError),
        ("timeout", "1", TypeError),
        ("token", "secret", TypeError),
    ],
)
def test_settings_of_a_client(name, value, error):
    with pytest.raises(error, match=f"^{name} "):
        Client(WEBHOOK, **{name: value})


def test_a_webhook_that_is_not_a_text():
    with pytest.raises(TypeError, match="^webhook "):
        Client(None)


@pytest.mark.parametrize(
    "call, error, name",
    [
        (lambda client: client.list(""), ValueError, "method"),
        (lambda client: client.list(5), TypeError, "method"),
        (lambda client: client.list("crm.deal.list", 5), TypeError, "params"),
        (lambda client: client.list("crm.deal.list", filter=5), TypeError, "filter"),
        (lambda client: client.list("crm.deal.list", select="ID"), TypeError, "select"),
        (lambda client: client.list("crm.deal.list", select=[5]), TypeError, "select"),
        (lambda client: client.list("crm.deal.list", resume_after=-1), ValueError, "resume_after"),
        (lambda client: client.call(None), TypeError, "method"),
        (lambda client: client.call_each("crm.deal.get", 5), TypeError, "items"),
        (lambda client: client.get_by_id("crm.deal.get", 5), TypeError, "ids"),
        (lambda client: client.batch(["profile"]), TypeError, "commands"),
        (lambda client: client.batch({"a": "profile"}), TypeError, r"commands\['a'\]"),
        (lambda client: client.list("crm.deal.list").export(b"x.csv"), TypeError, "target"),
        (lambda client: client.list("crm.deal.list").export("x.csv", top=-1), ValueError, "top"),
        (lambda client: client.list("crm.deal.list").export("x.csv", table=5), TypeError, "table"),
        (lambda client: client.list("crm.deal.list").export("x.csv", deadline=0), ValueError, "deadline"),
    ],
)
def test_arguments_of_calls(call, error, name):
    with pytest.raises(error, match=f"^{name} "):
        call(Client(WEBHOOK))


@pytest.mark.parametrize(
    "name, value",
    [
        ("batch_size", 0),
        ("batch_size", 51),
        ("request_pool_size", 0),
        ("requests_per_second", 0),
        ("operating_time_limit", -5),
        ("webhook", "ftp://example.bitrix24.ru/rest/1/code/"),
    ],
)
def test_settings_of_bitrix(name, value):
    with pytest.raises(ValueError, match=f"^{name}"):
        Bitrix(**{"webhook": WEBHOOK, name: value})


def test_keywords_and_ids_of_bitrix():
    with pytest.raises(TypeError, match="^ID_list "):
        Bitrix(WEBHOOK, verbose=False).get_by_ID("crm.deal.get", 5)
    with pytest.raises(TypeError, match=r"(?<!_Settings\.)__init__\(\).*'nonsense'"):
        Bitrix(WEBHOOK, nonsense=1)
