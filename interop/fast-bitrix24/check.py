"""The portal as fast_bitrix24 sees it.

The client has faults of its own (results of a last batch of one item, rows in no order, retries of whatever failed):
the numbers here keep clear of them, and what is asserted is true of the portal.
"""

import asyncio
import time
import warnings

import aiohttp
from checks import (
    COMPANIES, CONTACTS, DEALS, DEPARTMENTS, ITEMS, LAST, LEADS, SMART, TASKS, USERS, check, done, equal, lead_name,
    lead_title, origin, raised, true, url,
)
from fast_bitrix24 import Bitrix, BitrixAsync
from fast_bitrix24.server_response import ErrorInServerResponseException

warnings.simplefilter("ignore")


def client(address=None, **options):
    # Its own limits are not what is tested: they are set beyond reach where a portal has none.
    options = {"verbose": False, "request_pool_size": 1000, "requests_per_second": 1000.0, **options}
    return Bitrix(address or url(), **options)


def ids(rows, name="ID"):
    return sorted(int(row[name]) for row in rows)


@check("get_all brings every lead once, over pages in batches")
def _():
    leads = client().get_all("crm.lead.list", {"select": ["ID", "TITLE", "NAME"]})
    equal(ids(leads), LEADS)
    by_id = {int(lead["ID"]): lead for lead in leads}
    equal(by_id[3700], {"ID": "3700", "TITLE": lead_title(3700), "NAME": lead_name(3700)})


@check("get_all filters and selects")
def _():
    leads = client().get_all(
        "crm.lead.list", {"filter": {">ID": 3000, "STATUS_ID": "NEW"}, "select": ["ID", "STATUS_ID"]}
    )
    equal(ids(leads), [lead for place, lead in enumerate(LEADS) if lead > 3000 and place % 3 == 0])
    equal({lead["STATUS_ID"] for lead in leads}, {"NEW"})


@check("get_all reads every family of lists")
def _():
    bx = client()
    equal(ids(bx.get_all("tasks.task.list", {"select": ["ID"]}), "id"), list(range(1, TASKS + 1)))
    equal(ids(bx.get_all("crm.item.list", {"entityTypeId": SMART}), "id"), list(range(1, ITEMS + 1)))
    equal(ids(bx.get_all("crm.contact.list")), list(range(1, CONTACTS + 1)))
    equal(len(set(ids(bx.get_all("crm.deal.list")))), DEALS)
    equal(len(set(ids(bx.get_all("crm.company.list")))), COMPANIES)
    equal(len(set(ids(bx.get_all("department.get")))), DEPARTMENTS)
    equal(len(set(ids(bx.get_all("user.get")))), USERS)


@check("get_by_ID brings each row under its ID")
def _():
    wanted = LEADS[:120]
    leads = client().get_by_ID("crm.lead.get", wanted)
    equal({int(lead): row["TITLE"] for lead, row in leads.items()}, {lead: lead_title(lead) for lead in wanted})
    tasks = client().get_by_ID("tasks.task.get", [3, 5, 7], ID_field_name="taskId")
    equal({task: row["task"]["title"] for task, row in tasks.items()}, {"3": "Task 3", "5": "Task 5", "7": "Task 7"})


@check("call adds, changes and deletes many rows in batches")
def _():
    bx = client()
    names = [f"Added {place} & «a+b=c?»" for place in range(60)]
    added = bx.call("crm.lead.add", [{"fields": {"TITLE": name}} for name in names])
    equal(sorted(added), list(range(LAST + 1, LAST + 61)))
    rows = bx.get_all("crm.lead.list", {"filter": {">ID": LAST}, "select": ["ID", "TITLE"]})
    equal(sorted(row["TITLE"] for row in rows), sorted(names))
    bx.call("crm.lead.update", [{"ID": lead, "fields": {"OPPORTUNITY": lead}} for lead in added])
    rows = bx.get_all("crm.lead.list", {"filter": {">ID": LAST}, "select": ["ID", "OPPORTUNITY"]})
    equal({float(row["OPPORTUNITY"]) - int(row["ID"]) for row in rows}, {0.0})
    bx.call("crm.lead.delete", [{"ID": lead} for lead in added])
    equal(bx.get_all("crm.lead.list", {"filter": {">ID": LAST}}), [])
    equal(bx.call("crm.lead.add", {"fields": {"TITLE": "One"}}), LAST + 61)
    equal(bx.call("crm.lead.delete", {"ID": LAST + 61}), True)


@check("call raw posts JSON as it is, null and lists in it")
def _():
    said = client().call("crm.lead.list", {"filter": {"ID": [1, 4, 2]}, "select": None}, raw=True)
    equal(([row["ID"] for row in said["result"]], said["total"]), (["1", "4"], 2))


@check("call_batch takes references, to values and to whole arrays")
def _():
    said = client().call_batch({
        "halt": 0,
        "cmd": {
            "lead": "crm.lead.get?id=100",
            "same": "crm.lead.list?filter[TITLE]=$result[lead][TITLE]&select[]=ID",
            "first": "crm.lead.list?select[]=ID&filter[<ID]=10&order[ID]=DESC",
            "again": "crm.lead.list?select[]=TITLE&filter[ID]=$result[first][0]&order[ID]=ASC",
        },
    })
    equal(said["same"], [{"ID": "100"}])
    equal(said["first"], [{"ID": "7"}, {"ID": "4"}, {"ID": "1"}])
    equal(said["again"], [{"ID": "7", "TITLE": lead_title(7)}])


@check("an error of a command is heard with its code and its text")
def _():
    bx = client()
    error = raised(ErrorInServerResponseException, lambda: bx.call_batch({"halt": 0, "cmd": {"a": "no.such.method?"}}))
    equal(error.args[0], {"a": {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"}})
    error = raised(ErrorInServerResponseException, lambda: bx.get_by_ID("crm.lead.get", [1, 2]))
    equal(error.args[0], {"2": {"error": "", "error_description": "Not found"}})


@check("an error of a call is heard with its status")
def _():
    for address, method, status in [
        (url(), "no.such.method", 404),
        (url(), "crm.lead.get", 400),
        (f"{origin()}/rest/1/wrong/", "crm.lead.get", 401),
        (f"{origin()}/rest/1/narrow/", "crm.lead.get", 401),
        (f"{origin()}/rest/", "crm.lead.get", 401),
    ]:
        error = raised(aiohttp.ClientResponseError, lambda: client(address).call(method, {"id": 2}, raw=True))
        equal(error.status, status)


@check("a token that has expired is replaced, and the call made again")
async def _():
    asked = []

    async def token():
        asked.append("old-token" if not asked else "good-token")
        return asked[-1]

    bx = BitrixAsync(f"{origin()}/rest/", token_func=token, verbose=False)
    said = await bx.call("crm.lead.get", {"ID": 4}, raw=True)
    equal((said["result"]["ID"], asked), ("4", ["old-token", "good-token"]))


@check("a portal that leaks as fast as the client sends refuses nothing")
def _():
    bx = client(url("limited"), request_pool_size=4, requests_per_second=18.0)
    begun = time.monotonic()
    for lead in LEADS[:15]:
        equal(bx.call("crm.lead.get", {"ID": lead}, raw=True)["result"]["ID"], str(lead))
    spent = time.monotonic() - begun
    true(spent >= 10 / 20, f"15 calls took {spent:.2f} s: no bucket of 5 and 20 a second lets them through")


@check("calls that the bucket refuses get through when they are tried again")
async def _():
    # Eight at once are three too many.
    bx = BitrixAsync(url("limited"), verbose=False, request_pool_size=1000, requests_per_second=1000.0)
    await asyncio.sleep(0.3)
    said = await asyncio.gather(*(bx.call("crm.lead.get", {"ID": lead}, raw=True) for lead in LEADS[:8]))
    equal([row["result"]["ID"] for row in said], [str(lead) for lead in LEADS[:8]])


@check("a method that used up its time answers 429")
def _():
    bx = client(url("operating"))
    for _ in range(2):
        equal(bx.call("crm.lead.get", {"ID": 1}, raw=True)["result"]["ID"], "1")
    error = raised(aiohttp.ClientResponseError, lambda: bx.call("crm.lead.get", {"ID": 1}, raw=True))
    equal(error.status, 429)
    equal(bx.call("crm.contact.get", {"ID": 1}, raw=True)["result"]["ID"], "1")


done()
