"""What the README of fast_bitrix24 shows, done one by one by programs that import fast_bitrix24."""

import asyncio
import logging

import pytest


pytestmark = pytest.mark.usefixtures("installed")


@pytest.fixture
def webhook(bitrix_portal):
    return bitrix_portal.webhook


@pytest.fixture
def bx(webhook):
    from fast_bitrix24 import Bitrix

    return Bitrix(webhook)


def test_all_leads(bx):
    leads = bx.get_all("crm.lead.list")
    assert len(leads) == 120 and all(isinstance(lead, dict) for lead in leads)


def test_deals_by_select_and_filter(bx):
    deals = bx.get_all(
        "crm.deal.list", params={"select": ["*", "UF_*"], "filter": {"CLOSED": "N"}}
    )
    assert deals and {deal["CLOSED"] for deal in deals} == {"N"}
    assert any(name.startswith("UF_") for name in deals[0])


def test_contacts_of_deals_by_their_ids(bx):
    deals = bx.get_all("crm.deal.list", {"select": ["ID"]})
    contacts = bx.get_by_ID("crm.deal.contact.items.get", [deal["ID"] for deal in deals])
    assert list(contacts) == [deal["ID"] for deal in deals]
    assert all(isinstance(of_deal, list) for of_deal in contacts.values())


def test_titles_of_all_deals_are_changed(bx):
    deals = bx.get_all("crm.deal.list", {"select": ["ID", "TITLE"]})
    changes = [
        {"ID": deal["ID"], "fields": {"TITLE": f"{deal['ID']} - {deal['TITLE']}"}} for deal in deals
    ]
    assert bx.call("crm.deal.update", changes) == (True,) * 120
    changed = bx.get_all("crm.deal.list", {"select": ["ID", "TITLE"]})
    assert [deal["TITLE"] for deal in changed] == [item["fields"]["TITLE"] for item in changes]


def test_a_raw_call_clears_a_field(bx):
    bx.call("crm.lead.update", {"ID": 12, "fields": {"COMMENTS": "said"}})
    reply = bx.call("crm.lead.update", {"ID": 12, "fields": {"COMMENTS": None}}, raw=True)
    assert reply["result"] is True
    assert not bx.call("crm.lead.get", {"ID": 12}, raw=True)["result"]["COMMENTS"]


def test_a_raw_call_takes_a_list(make_bitrix_portal):
    from fast_bitrix24 import Bitrix

    portal = make_bitrix_portal(replies={"task.commentitem.add": {"result": 5}})
    comment = [123, {"POST_MESSAGE": "done"}]
    reply = Bitrix(portal.webhook).call("task.commentitem.add", comment, raw=True)
    assert reply["result"] == 5
    assert portal.requests[0]["params"] == comment


def test_a_batch_whose_commands_refer_to_each_other(bx):
    results = bx.call_batch(
        {
            "halt": 0,
            "cmd": {
                "deals": "crm.deal.list",
                "activities": "crm.activity.list?filter[OWNER_TYPE_ID]=2&filter[OWNER_ID]=$result[deals][0][ID]",
            },
        }
    )
    assert len(results["deals"]) == 50 and "activities" in results


def test_the_asynchronous_client(webhook):
    from fast_bitrix24 import BitrixAsync

    async def run():
        return await BitrixAsync(webhook).get_all("crm.lead.list")

    assert len(asyncio.run(run())) == 120


def test_calls_are_logged(bx):
    records = []

    class Handler(logging.Handler):
        def emit(self, record):
            records.append(record.getMessage())

    handler = Handler()
    logger = logging.getLogger("fast_bitrix24")
    before = logger.level
    logger.addHandler(handler)
    try:
        logger.setLevel(logging.DEBUG)
        bx.get_all("crm.deal.fields")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert records


def test_slow_adds(bx):
    tasks = [{"fields": {"TITLE": str(number)}} for number in range(120)]
    with bx.slow():
        results = bx.call("crm.lead.add", tasks)
    assert len(set(results)) == 120


def test_the_load_can_be_tuned(webhook):
    from fast_bitrix24 import Bitrix

    bx = Bitrix(
        webhook,
        request_pool_size=20,
        requests_per_second=1.0,
        batch_size=20,
        operating_time_limit=100,
    )
    assert len(bx.get_by_ID("crm.deal.get", range(1, 61))) == 60


def test_an_enterprise_portal_is_called_faster(webhook):
    from fast_bitrix24 import Bitrix

    # The original refuses the whole number.
    bx = Bitrix(webhook, request_pool_size=250, requests_per_second=5)
    assert len(bx.get_all("crm.lead.list")) == 120


def test_one_call_gives_one_result(bx):
    assert isinstance(bx.call("crm.lead.add", {"fields": {"TITLE": "one"}}), int)


def test_rows_can_be_sorted(bx):
    deals = bx.get_all("crm.deal.list")
    deals.sort(key=lambda deal: int(deal["ID"]), reverse=True)
    assert deals[0]["ID"] == "120"


def test_ssl_can_be_switched_off(webhook):
    from fast_bitrix24 import BitrixAsync

    async def run():
        return await BitrixAsync(webhook, ssl=False).call("profile", raw=True)

    assert asyncio.run(run())["result"]["ID"]


def test_errors_are_caught_by_the_class_that_programs_import(bx):
    from fast_bitrix24.server_response import ErrorInServerResponseException

    with pytest.raises(ErrorInServerResponseException):
        bx.call("crm.lead.get", {"ID": 99_999})
