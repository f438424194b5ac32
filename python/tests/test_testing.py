"""The test kit that users get."""

import pytest

from brimful import Client
from brimful.testing import portal


def test_rows_of_your_own_are_served_and_requests_counted():
    with portal(load={"crm.deal": [{"ID": "7", "TITLE": "Seven"}]}) as b24:
        client = Client(b24.webhook, rate=None)
        assert client.call("crm.deal.get", {"id": 7})["TITLE"] == "Seven"
        assert b24.stats["methods"] == {"crm.deal.get": 1}


def test_methods_that_are_not_modelled_answer_what_you_say():
    with portal(replies={"my.method": {"result": {"ok": 1}}}) as b24:
        assert Client(b24.webhook, rate=None).call("my.method") == {"ok": 1}


def test_data_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError):
        portal(rows={"no.such.entity": 5}).__enter__()


def test_a_closed_portal_says_so():
    with portal() as b24:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        b24.webhook
