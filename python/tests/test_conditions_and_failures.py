"""What programs written for fast_bitrix24 rely on: names and values that go through, errors that they catch, a log."""

import asyncio
import logging
import pickle
import subprocess
import sys
import time
import warnings

import pytest

from brimful import BrimfulError, ConfigError, IncompleteError
from brimful.fast_bitrix24 import Bitrix, BitrixAsync, ErrorInServerResponseException, _patience


@pytest.mark.parametrize(
    "method, params",
    [
        ("crm.lead.list", {"select": ["ID", "UF_CRM_DELETED"]}),
        ("crm.deal.list", {"select": ["id"]}),
        ("tasks.task.list", {"select": ["ID", "NOPE"]}),
    ],
)
def test_names_in_select_that_are_not_fields_are_passed_on_with_a_warning(bitrix_portal, method, params):
    b24 = Bitrix(bitrix_portal.webhook, verbose=False)
    with pytest.warns(UserWarning, match="the select has") as caught:
        assert len(b24.get_all(method, params)) == 120
    assert caught[0].filename == __file__


def test_a_select_that_a_list_does_not_have_is_passed_on_with_a_warning(bitrix_portal):
    b24 = Bitrix(bitrix_portal.webhook, verbose=False)
    with pytest.warns(UserWarning, match="has no parameter select"):
        rows = b24.get_all("crm.dealcategory.stage.list", {"select": ["STATUS_ID"]})
    assert {"NAME", "SORT", "STATUS_ID"} <= set(rows[0])


def test_values_in_filter_are_passed_on_with_a_warning(bitrix_portal):
    b24 = Bitrix(bitrix_portal.webhook, verbose=False)
    with pytest.warns(UserWarning, match="1 000"):
        assert b24.get_all("crm.lead.list", {"filter": {"OPPORTUNITY": "1 000"}}) == []


def test_what_the_portal_would_pass_over_stays_refused(bitrix_portal):
    b24 = Bitrix(bitrix_portal.webhook, verbose=False)
    for condition in ({"UF_CRM_DELETED": 1}, {"LOGIC": "OR", "0": {"ID": 1}}, {"=>ID": 5}):
        with pytest.raises(ConfigError):
            b24.get_all("crm.lead.list", {"select": ["ID", "NOPE"], "filter": condition})


def test_a_portal_that_refuses_a_name_in_the_filter_says_so_itself(bitrix_portal):
    b24 = Bitrix(bitrix_portal.webhook, verbose=False)
    with pytest.raises(ErrorInServerResponseException, match="nope"):
        b24.get_all("crm.item.list", {"entityTypeId": 2, "filter": {"nope": 1}})


@pytest.mark.parametrize("sign", ["", "!", "="])
@pytest.mark.parametrize("value, letter", [(True, "Y"), (False, "N")])
def test_booleans_in_conditions_are_letters_where_the_portal_reads_letters(
    make_bitrix_portal, sign, value, letter
):
    leads = [{"ID": str(one), "TITLE": "x", "OPENED": "YN"[one % 2]} for one in range(1, 8)]
    b24 = Bitrix(make_bitrix_portal(load={"crm.lead": leads}).webhook, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        come = b24.get_all("crm.lead.list", {"select": ["ID"], "filter": {f"{sign}OPENED": value}})
    expected = [row["ID"] for row in leads if (row["OPENED"] == letter) != (sign == "!")]
    assert [row["ID"] for row in come] == expected


CALLS = [
    lambda b24: b24.get_all("crm.lead.list"),
    lambda b24: b24.get_by_ID("crm.lead.get", [1, 2]),
    lambda b24: b24.call("crm.lead.get", {"ID": 1}),
    lambda b24: b24.call("crm.lead.get", {"ID": 1}, raw=True),
    lambda b24: b24.call_batch({"halt": 0, "cmd": {"a": "profile"}}),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_portal_that_cannot_be_reached_is_an_error_that_programs_catch(call):
    aiohttp = pytest.importorskip("aiohttp")
    with pytest.raises(RuntimeError) as caught:
        call(Bitrix("http://127.0.0.1:1/rest/1/code/", verbose=False))
    error = caught.value
    assert isinstance(error, BrimfulError) and isinstance(error, aiohttp.ClientError)
    assert not isinstance(error, ErrorInServerResponseException)
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, RuntimeError) and type(again) is type(error)
    assert (str(again), again.execution) == (str(error), error.execution)


def test_a_list_that_broke_off_is_still_an_incomplete_error(bitrix_portal):
    b24 = Bitrix(bitrix_portal.webhook, verbose=False)
    bitrix_portal.set_faults("html-after")
    with pytest.raises(RuntimeError) as caught:
        b24.get_all("crm.lead.list")
    assert isinstance(caught.value, IncompleteError)


def test_aiohttp_is_not_imported_for_programs_that_do_without():
    program = (
        "import sys\nfrom brimful.fast_bitrix24 import Bitrix\n"
        "try:\n    Bitrix('http://127.0.0.1:1/rest/1/code/', verbose=False).call('profile', raw=True)\n"
        "except RuntimeError:\n    print('aiohttp' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n", done.stderr


def test_a_portal_that_only_refuses_does_not_hold_a_call(make_bitrix_portal, monkeypatch):
    monkeypatch.setattr(_patience, "LONGEST", 1.0)
    monkeypatch.setattr(_patience, "MOST_FAILURES", 2)
    portal = make_bitrix_portal(rows={"crm.lead": 5})
    portal.set_faults("503")
    began = time.monotonic()
    with pytest.raises(RuntimeError, match="answered nothing"):
        Bitrix(portal.webhook, verbose=False).call("crm.lead.get", {"ID": 1})

    async def run():
        await BitrixAsync(portal.webhook, verbose=False).get_all("crm.lead.list")

    with pytest.raises(RuntimeError, match="answered nothing"):
        asyncio.run(run())
    assert time.monotonic() - began < 30


class Facts:
    def __init__(self):
        self.said = {"refusals": 0, "lost": 0}

    def __call__(self):
        return self.said


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(_patience.time, "monotonic", lambda: now[0])
    return now


def looks(patience, clock, facts, refused_at):
    for second in range(1, 61):
        clock[0] += 1
        facts.said["refusals"] += second in refused_at
        patience.look()


def test_patience_ends_with_refusal_after_refusal(clock):
    facts = Facts()
    with pytest.raises(BrimfulError, match="for 20 s"):
        looks(_patience.Patience(facts), clock, facts, range(1, 61, 3))


def test_patience_lasts_through_a_wait_for_operating_time(clock):
    facts = Facts()
    looks(_patience.Patience(facts), clock, facts, {1, 2, 3, 4, 5, 6, 7})


def test_the_log_has_what_is_sent_and_what_comes_and_no_secrets(make_bitrix_portal, caplog):
    caplog.set_level(logging.DEBUG, "fast_bitrix24")
    leads = [{"ID": "1", "TITLE": "Seven", "COMMENTS": "https://x.y/z?auth=s3cret&a=1"}]
    b24 = Bitrix(make_bitrix_portal(load={"crm.lead": leads}).webhook, verbose=False)
    b24.get_all("crm.lead.list", {"select": ["ID", "TITLE"], "filter": {">ID": 0}})
    secret = {"PASSWORD": "s3cret", "COMMENTS": "https://x.y/z?auth=s3cret"}
    b24.call("crm.lead.update", {"id": 1, "fields": secret}, raw=True)
    b24.call("crm.lead.get", [{"id": 1}])
    b24.get_by_ID("crm.lead.get", [1])
    levels = {(record.levelname, record.getMessage().split()[0]) for record in caplog.records}
    assert {("INFO", "get_all"), ("INFO", "call"), ("INFO", "get_by_ID"), ("DEBUG", "response:")} <= levels
    assert "'filter': {'>ID': 0}" in caplog.text
    assert caplog.text.count("'TITLE': 'Seven'") == 3
    assert "s3cret" not in caplog.text and "/rest/1/demo" not in caplog.text


def test_a_handler_alone_sees_the_log():
    program = (
        "import logging\nfrom brimful.fast_bitrix24 import Bitrix\n"
        "logging.getLogger('fast_bitrix24').addHandler(logging.StreamHandler())\n"
        "try:\n    Bitrix('http://127.0.0.1:1/rest/1/code/', verbose=False).call('profile', raw=True)\n"
        "except RuntimeError:\n    pass\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "call profile, raw" in done.stderr
