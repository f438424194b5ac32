"""The portal as b24pysdk, the official SDK in Python, sees it."""

import time
from concurrent.futures import ThreadPoolExecutor

from b24pysdk import BitrixApp, BitrixToken, BitrixWebhook, Client, Config
from b24pysdk.errors import (
    BitrixAPIBadRequest, BitrixAPIError, BitrixAPIExpiredToken, BitrixAPIInsufficientScope, BitrixAPIInvalidArgValue,
    BitrixAPINotFound, BitrixAPIOperationTimeLimit, BitrixAPIQueryLimitExceeded, BitrixResponse302JSONDecodeError,
)
from checks import (
    COMPANIES, CONTACTS, DEALS, DEPARTMENTS, ITEMS, LAST, LEADS, SMART, TASKS, USERS, check, done, equal, host,
    lead_name, lead_title, raised, true,
)

Config().configure(default_initial_retry_delay=0.3, default_retry_delay_increment=0)


def webhook(portal="portal", code="1/demo"):
    return BitrixWebhook(domain=host(portal), webhook_token=code)


def oauth(token):
    app = BitrixApp(client_id="local.interop", client_secret="secret")
    return BitrixToken(domain=host(), auth_token=token, bitrix_app=app)


def ids(rows, name="ID"):
    return [int(row[name]) for row in rows]


@check("call_list brings every lead in its order")
def _():
    said = webhook().call_list("crm.lead.list", {"select": ["ID", "NAME"], "order": {"ID": "ASC"}})
    equal(ids(said["result"]), LEADS)
    equal(said["result"][-1], {"ID": "3700", "NAME": lead_name(3700)})


@check("call_list_fast brings every lead in its order, by chains of references without a count")
def _():
    said = webhook().call_list_fast("crm.lead.list", {"select": ["ID", "TITLE"]})
    rows = list(said["result"])
    equal(ids(rows), LEADS)
    equal([row["TITLE"] for row in rows], [lead_title(lead) for lead in LEADS])


@check("call_list_fast goes down as well as up, and stops where it is told")
def _():
    said = webhook().call_list_fast("crm.lead.list", {"select": ["ID"]}, descending=True)
    equal(ids(said["result"]), LEADS[::-1])
    said = webhook().call_list_fast("crm.lead.list", {"select": ["ID"], "filter": {"STATUS_ID": "NEW"}}, limit=120)
    equal(ids(said["result"]), LEADS[::3][:120])


@check("call_list_fast walks lists whose rows are under a key")
def _():
    token = webhook()
    tasks = token.call_list_fast("tasks.task.list", {"select": ["ID", "TITLE"]})
    equal([(int(row["id"]), row["title"]) for row in tasks["result"]], [(n, f"Task {n}") for n in range(1, TASKS + 1)])
    items = token.call_list_fast("crm.item.list", {"entityTypeId": SMART, "select": ["id", "title"]})
    equal([(row["id"], row["title"]) for row in items["result"]], [(n, f"Item {n}") for n in range(1, ITEMS + 1)])


@check("a list of exactly one page ends after it")
def _():
    token = webhook()
    equal(len(set(ids(token.call_list_fast("crm.company.list", {"select": ["ID"]})["result"]))), COMPANIES)
    equal(len(set(ids(token.call_list("crm.company.list", {"select": ["ID"]})["result"]))), COMPANIES)


@check("call_list reads every family of lists")
def _():
    token = webhook()
    for method, params, name, wanted in [
        ("crm.deal.list", {}, "ID", DEALS),
        ("crm.contact.list", {}, "ID", CONTACTS),
        ("tasks.task.list", {}, "id", TASKS),
        ("crm.item.list", {"entityTypeId": SMART}, "id", ITEMS),
        ("user.get", {}, "ID", USERS),
        ("department.get", {}, "ID", DEPARTMENTS),
    ]:
        rows = ids(token.call_list(method, params)["result"], name)
        equal((len(set(rows)), len(rows)), (wanted, wanted))


@check("the client's own wrappers find what they expect in a reply")
def _():
    client = Client(webhook())
    equal(client.crm.lead.get(bitrix_id=4).result["TITLE"], lead_title(4))
    page = client.crm.lead.list(select=["ID"], order={"ID": "ASC"})
    equal((ids(page.result), page.response.next, page.response.total), (LEADS[:50], 50, len(LEADS)))
    equal(len(client.crm.lead.list(select=["ID"]).as_list().result), len(LEADS))
    profile = client.profile()
    equal((profile.result["ID"], profile.value.bitrix_id), ("1", 1))
    true(profile.time.duration >= 0, repr(profile.time))
    fields = client.crm.lead.fields().result
    equal((fields["ID"]["type"], fields["TITLE"]["type"]), ("integer", "string"))


@check("rows are added, changed, read and deleted")
def _():
    client = Client(webhook())
    lead = client.crm.lead.add(fields={"TITLE": "Ещё & один", "PHONE": [{"VALUE": "+79", "VALUE_TYPE": "WORK"}]}).result
    true(isinstance(lead, int) and lead > LAST, repr(lead))
    row = client.crm.lead.get(bitrix_id=lead).result
    equal((row["TITLE"], row["PHONE"][0]["VALUE"], row["PHONE"][0]["TYPE_ID"]), ("Ещё & один", "+79", "PHONE"))
    equal(client.crm.lead.update(bitrix_id=lead, fields={"TITLE": "a+b=c%"}).result, True)
    equal(client.crm.lead.get(bitrix_id=lead).result["TITLE"], "a+b=c%")
    equal(client.crm.lead.delete(bitrix_id=lead).result, True)
    raised(BitrixAPIBadRequest, lambda: client.crm.lead.get(bitrix_id=lead).result)


@check("call_batch refers from command to command")
def _():
    said = webhook().call_batch({
        "lead": ("crm.lead.get", {"id": 100}),
        "same": ("crm.lead.list", {"filter": {"TITLE": "$result[lead][TITLE]"}, "select": ["ID"]}),
        "next": ("crm.lead.list", {"filter": {">ID": "$result[lead][ID]"}, "order": {"ID": "ASC"}, "select": ["ID"]}),
    })["result"]
    equal(said["result"]["same"], [{"ID": "100"}])
    equal(said["result"]["next"][0], {"ID": "103"})
    equal((said["result_error"], said["result_total"]["same"]), ([], 1))
    equal(said["result_next"], {"next": 50})


@check("call_batches runs any number of commands, and each has its result")
def _():
    wanted = LEADS[:120]
    said = webhook().call_batches({f"lead{lead}": ("crm.lead.get", {"id": lead}) for lead in wanted})
    result = said["result"]["result"]
    equal({name: row["TITLE"] for name, row in result.items()}, {f"lead{lead}": lead_title(lead) for lead in wanted})


@check("a batch adds sixty rows, and each gets an ID of its own")
def _():
    token = webhook()
    said = token.call_batches([("crm.lead.add", {"fields": {"TITLE": f"Batch {n}"}}) for n in range(60)])
    added = said["result"]["result"]
    added = list(added.values()) if isinstance(added, dict) else added
    equal((len(set(added)), min(added) > LAST), (60, True))
    rows = token.call_list("crm.lead.list", {"filter": {"@ID": added}, "select": ["TITLE"]})["result"]
    equal(sorted(row["TITLE"] for row in rows), sorted(f"Batch {n}" for n in range(60)))
    token.call_batches([("crm.lead.delete", {"id": lead}) for lead in added])


@check("halt ends a batch at its first error")
def _():
    commands = {"a": ("crm.lead.get", {"id": 1}), "b": ("crm.lead.get", {"id": 2}), "c": ("crm.lead.get", {"id": 4})}
    said = webhook().call_batch(commands, halt=True)["result"]
    equal((list(said["result"]), list(said["result_error"])), (["a"], ["b"]))
    said = webhook().call_batch(commands)["result"]
    equal((list(said["result"]), said["result_error"]["b"]["error_description"]), (["a", "c"], "Not found"))


@check("every error is the class that the client has for its code")
def _():
    for token, method, params, wanted, code in [
        (webhook(), "no.such.method", {}, BitrixAPINotFound, "ERROR_METHOD_NOT_FOUND"),
        (webhook(), "crm.lead.get", {"id": 2}, BitrixAPIBadRequest, ""),
        (
            webhook(), "crm.item.list", {"entityTypeId": SMART, "filter": {"noSuch": 1}}, BitrixAPIInvalidArgValue,
            "INVALID_ARG_VALUE",
        ),
        (webhook(code="1/wrong"), "profile", {}, BitrixAPIError, "INVALID_CREDENTIALS"),
        (webhook(code="1/narrow"), "crm.lead.list", {}, BitrixAPIInsufficientScope, "insufficient_scope"),
        (oauth("old-token"), "profile", {}, BitrixAPIExpiredToken, "expired_token"),
    ]:
        error = raised(wanted, lambda: token.call_method(method, params))
        equal(error.error.lower(), code.lower())


@check("an access token is let in")
def _():
    equal(oauth("good-token").call_method("crm.lead.get", {"id": 1})["result"]["ID"], "1")


@check("a portal that was renamed names its new address")
def _():
    class Staying(BitrixWebhook):
        # The client drops the port when it moves to a new domain, and there is nobody at the port that is left.
        _AUTO_CHANGED_DOMAIN = False

    token = Staying(domain=host("moved"), webhook_token="1/demo")
    error = raised(BitrixResponse302JSONDecodeError, lambda: token.call_method("crm.lead.get", {"id": 4}))
    equal(error.new_domain, "localhost")


@check("calls that the bucket refuses get through when they are tried again")
def _():
    token = webhook("limited")
    begun = time.monotonic()
    for lead in LEADS[:15]:
        equal(token.call_method("crm.lead.get", {"id": lead})["result"]["ID"], str(lead))
    spent = time.monotonic() - begun
    true(spent >= 10 / 20, f"15 calls took {spent:.2f} s: no bucket of 5 and 20 a second lets them through")


@check("a refusal of the bucket is heard where nothing is tried again")
def _():
    token = webhook("limited")

    def call(_):
        try:
            token.call_method("crm.lead.get", {"id": 1}, max_retries=1)
        except BitrixAPIQueryLimitExceeded as error:
            return error.error, error.error_description, error.status_code
        return None

    with ThreadPoolExecutor(16) as threads:
        refusals = {said for said in threads.map(call, range(24)) if said}
    equal(refusals, {("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)})


@check("a method that used up its time is refused, alone and in a batch")
def _():
    token = webhook("operating")
    for _ in range(2):
        said = token.call_method("crm.lead.get", {"id": 1})
    true(said["time"]["operating"] >= 0.3, repr(said["time"]))
    raised(BitrixAPIOperationTimeLimit, lambda: token.call_method("crm.lead.get", {"id": 1}))
    commands = {str(lead): ("crm.lead.get", {"id": lead}) for lead in LEADS[:2]}
    equal(len(token.call_batch(commands)["result"]["result"]), 2)
    said = token.call_batch(commands)["result"]
    equal({error["error"] for error in said["result_error"].values()}, {"OPERATION_TIME_LIMIT"})


done()
