"""The test kit that users get."""

import pytest

from brimful import Client
from brimful.testing import Portal, portal


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


@pytest.mark.parametrize("rate", [(0, 0), (50, 0), (0, 2), (float("nan"), 2), (50, float("inf"))])
def test_a_rate_that_lets_nothing_through_is_refused(rate):
    with pytest.raises(ValueError, match="burst, per_second"):
        portal(rate=rate).__enter__()


def test_a_closed_portal_says_so():
    with portal() as b24:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        b24.webhook


def test_requests_are_seen_with_their_parameters():
    with portal(rows={"crm.deal": 3}) as b24:
        client = Client(b24.webhook, rate=None)
        client.call("crm.deal.update", {"id": 3, "fields": {"TITLE": "Third"}})
        list(client.call_each("crm.deal.get", [{"id": 1}, {"id": 99}]))
        update, batch = b24.requests
    assert (update["method"], update["params"]["fields"]) == ("crm.deal.update", {"TITLE": "Third"})
    assert [command["params"]["id"] for command in batch["commands"]] == ["1", "99"]
    assert batch["commands"][0]["status"] == "ok"


def test_rows_of_a_list_method_are_served_and_a_portal_can_be_used_in_a_block():
    rows = [{"id": 7, "price": 100}, {"id": 8, "price": 5}]
    with Portal(load={"sale.shipment.list": rows}) as b24:
        found = list(Client(b24.webhook, rate=None).list("sale.shipment.list"))
        assert [row["id"] for row in found] == [7, 8]
