"""The portal as b24api sees it: a client that trusts nothing it has not seen proved."""

import time

from b24api import (
    AmbiguityPolicy, ApiResponseError, Bitrix24, ExecutionPolicy, IdentityCoercion, IdentitySpec, KeysetSpec, ParameterPath,
    PartitionedKeysetExecution, RangeKeysetExecution, ReplaySafety, Request, ResultSelector, RetryPolicy,
    SequentialKeysetExecution, StableIntegerKeysetContract,
)
from b24api.contracts import Command, CommandFailure, CommandSuccess
from checks import (
    COMPANIES, DEALS, ITEMS, LAST, LEADS, SMART, TASKS, USERS, check, done, equal, lead_name, lead_title, origin, true,
    url,
)

COMPANY = 4
ROOT = ResultSelector(())
BY_ID = IdentitySpec(
    item_path=("ID",), filter_key="ID", order_key="ID", coercion=IdentityCoercion.DECIMAL_STRING_INTEGER
)
TASK = IdentitySpec(
    item_path=("id",), filter_key="ID", order_key="ID", coercion=IdentityCoercion.DECIMAL_STRING_INTEGER
)
ITEM = IdentitySpec(item_path=("id",), filter_key="id", order_key="id", coercion=IdentityCoercion.EXACT_INTEGER)
KEYSET = KeysetSpec(filter_path=ParameterPath(("filter",)), order_path=ParameterPath(("order",)))
# What is refused for now is an error like any other here.
ONCE = ExecutionPolicy(
    max_attempts_per_request=1,
    retry=RetryPolicy(transient_http_statuses=frozenset(), transient_api_codes=frozenset()),
    ambiguity=AmbiguityPolicy(refusal_http_statuses=frozenset(), refusal_api_codes=frozenset()),
)
QUICK = ExecutionPolicy(max_attempts_per_request=12, retry=RetryPolicy(initial_delay=0.1, maximum_delay=0.2))


def read(method, params=None):
    return Request.bare(method, params or {}, ReplaySafety.SAFE)


def write(method, params):
    return Request.bare(method, params, ReplaySafety.UNSAFE)


def client(address=None, policy=None):
    return Bitrix24.from_webhook(address or url(), policy=policy)


async def rows_of(stream):
    async with stream:
        return [row async for row in stream]


async def refused(call, code, status):
    try:
        got = await call
    except ApiResponseError as error:
        equal((error.original_code, error.http_status), (code, status))
        return error
    raise AssertionError(f"no error but {got!r}")


@check("a call brings its result, and a response what stands beside it")
async def _():
    async with client() as bx:
        lead = await bx.call(read("crm.lead.get", {"id": 4}))
        equal((lead["TITLE"], lead["NAME"]), (lead_title(4), lead_name(4)))
        said = await bx.call_response(read("crm.lead.list", {"select": ["ID"], "order": {"ID": "ASC"}}))
        equal(([int(row["ID"]) for row in said.result], said.total, said.next), (LEADS[:50], len(LEADS), 50))
        true(said.time is not None and said.time.start > 0, repr(said.time))


@check("counted traversal finds that total, next and every page agree")
async def _():
    async with client() as bx:
        request = read("crm.lead.list", {"select": ["ID"], "order": {"ID": "ASC"}})
        stream = bx.iter_list_counted(request, identity=BY_ID)
        equal([int(row["ID"]) for row in await rows_of(stream)], LEADS)
        request = read("crm.item.list", {"entityTypeId": SMART, "order": {"id": "ASC"}})
        stream = bx.iter_list_counted(request, selector=ResultSelector(("items",)), identity=ITEM)
        equal([row["id"] for row in await rows_of(stream)], list(range(1, ITEMS + 1)))
        request = read("tasks.task.list", {"select": ["ID"], "order": {"ID": "ASC"}})
        stream = bx.iter_list_counted(request, selector=ResultSelector(("tasks",)), identity=TASK)
        equal([int(row["id"]) for row in await rows_of(stream)], list(range(1, TASKS + 1)))
        stream = bx.iter_list_counted(read("crm.deal.list", {"order": {"ID": "ASC"}}), identity=BY_ID)
        equal(len(await rows_of(stream)), DEALS)


@check("sequential traversal ends with the empty page that follows the last in controllers and in user.get")
async def _():
    async with client() as bx:
        # Of a controller's list only where the last page is full: start is rounded down to a page.
        request = read("crm.item.list", {"entityTypeId": COMPANY, "order": {"id": "ASC"}})
        stream = bx.iter_list(request, selector=ResultSelector(("items",)), identity=ITEM)
        equal(len(await rows_of(stream)), COMPANIES)
        stream = bx.iter_list(read("user.get", {"SORT": "ID", "ORDER": "ASC"}), identity=BY_ID)
        equal(len(await rows_of(stream)), USERS)


@check("keyset traversal, however it is carried out, brings every row once and in order")
async def _():
    async with client() as bx:
        request = read("crm.lead.list", {"select": ["ID"]})
        contract = StableIntegerKeysetContract()
        for how in [
            {},
            {"execution": SequentialKeysetExecution()},
            {"execution": RangeKeysetExecution(contract)},
            {"execution": PartitionedKeysetExecution(contract)},
        ]:
            stream = bx.iter_list_keyset(request, selector=ROOT, identity=BY_ID, keyset=KEYSET, **how)
            equal([int(row["ID"]) for row in await rows_of(stream)], LEADS)
        stream = bx.iter_list_keyset(
            read("tasks.task.list", {"select": ["ID"]}), selector=ResultSelector(("tasks",)), identity=TASK,
            keyset=KEYSET,
        )
        equal([int(row["id"]) for row in await rows_of(stream)], list(range(1, TASKS + 1)))
        stream = bx.iter_list_keyset(
            read("crm.item.list", {"entityTypeId": SMART}), selector=ResultSelector(("items",)), identity=ITEM,
            keyset=KEYSET,
        )
        equal([row["id"] for row in await rows_of(stream)], list(range(1, ITEMS + 1)))
        stream = bx.iter_list_keyset(
            read("crm.company.list", {"select": ["ID"]}), selector=ROOT, identity=BY_ID, keyset=KEYSET
        )
        equal(len(await rows_of(stream)), COMPANIES)


@check("the client's own trial of strict bounds and order is passed")
async def _():
    async with client() as bx:
        for request, selector, identity in [
            (read("crm.lead.list"), ROOT, BY_ID),
            (read("tasks.task.list"), ResultSelector(("tasks",)), TASK),
            (read("crm.item.list", {"entityTypeId": SMART}), ResultSelector(("items",)), ITEM),
        ]:
            report = await bx.verify_keyset_capability(
                request, selector=selector, identity=identity, page_size=50, keyset=KEYSET
            )
            equal(report.verdict.value, "verified")


@check("a batch of any length has one outcome for each command, in order")
async def _():
    wanted = [*LEADS[:60], 2, *LEADS[60:70]]
    async with client() as bx:
        commands = [Command(read("crm.lead.get", {"id": lead}), correlation=lead) for lead in wanted]
        outcomes = await rows_of(bx.batch_outcomes(commands))
        equal([outcome.correlation for outcome in outcomes], wanted)
        for outcome in outcomes:
            if outcome.correlation == 2:
                true(isinstance(outcome, CommandFailure), repr(outcome))
                equal(outcome.error.original_code, "")
            else:
                true(isinstance(outcome, CommandSuccess), repr(outcome))
                equal(outcome.result["TITLE"], lead_title(outcome.correlation))


@check("commands refer to the results of those before them")
async def _():
    async with client() as bx:
        said = await bx.call(read("batch", {
            "halt": 0,
            "cmd": {
                "first": "crm.lead.list?order[ID]=ASC&select[]=ID&start=-1",
                "second": "crm.lead.list?order[ID]=ASC&select[]=ID&start=-1&filter[>ID]=$result[first][49][ID]",
                "count": "crm.lead.list?filter[<ID]=$result[first][3][ID]&select[]=ID",
                "total": "crm.lead.list?filter[ID]=$total[count]1&select[]=ID",
            },
        }))
        equal([int(row["ID"]) for row in said["result"]["first"] + said["result"]["second"]], LEADS[:100])
        equal(said["result_total"], {"first": 0, "second": 0, "count": 3, "total": 0})


@check("writes are carried out once each")
async def _():
    async with client() as bx:
        titles = [f"Written {place}: ü & + = % ?" for place in range(60)]
        commands = [Command(write("crm.lead.add", {"fields": {"TITLE": title}}), title) for title in titles]
        outcomes = await rows_of(bx.batch(commands))
        added = [outcome.result for outcome in outcomes]
        equal(added, list(range(LAST + 1, LAST + 61)))
        request = read("crm.lead.list", {"filter": {">ID": LAST}, "select": ["ID", "TITLE"], "order": {"ID": "ASC"}})
        rows = await rows_of(bx.iter_list_counted(request, identity=BY_ID))
        equal([(int(row["ID"]), row["TITLE"]) for row in rows], list(zip(added, titles)))
        deleted = await rows_of(
            bx.batch([Command(write("crm.lead.delete", {"id": lead}), lead) for lead in added])
        )
        equal([outcome.result for outcome in deleted], [True] * 60)
        equal(await bx.call(request), [])


@check("errors keep their code and their status")
async def _():
    async with client(policy=ONCE) as bx:
        await refused(bx.call(read("no.such.method")), "ERROR_METHOD_NOT_FOUND", 404)
        await refused(bx.call(read("crm.lead.get", {"id": 2})), "", 400)
        params = {"entityTypeId": SMART, "filter": {"noSuch": 1}}
        await refused(bx.call(read("crm.item.list", params)), "INVALID_ARG_VALUE", 400)
    for code, wanted in [("wrong", "INVALID_CREDENTIALS"), ("narrow", "insufficient_scope")]:
        async with client(f"{origin()}/rest/1/{code}/", ONCE) as bx:
            await refused(bx.call(read("crm.lead.list")), wanted, 401)


@check("a refusal of the bucket proves that nothing ran, and what is tried again gets through")
async def _():
    async with client(url("limited"), QUICK) as bx:
        begun = time.monotonic()
        commands = [Command(read("crm.lead.get", {"id": lead}), lead) for lead in LEADS[:20]]
        outcomes = await rows_of(bx.fan_out_outcomes(commands))
        equal(sorted(int(outcome.result["ID"]) for outcome in outcomes), LEADS[:20])
        spent = time.monotonic() - begun
        true(spent >= 15 / 20, f"20 calls took {spent:.2f} s: no bucket of 5 and 20 a second lets them through")
        added = await bx.call(write("crm.lead.add", {"fields": {"TITLE": "Once"}}))
        equal(added, LAST + 1)


@check("a method that used up its time is refused, alone and in a batch")
async def _():
    async with client(url("operating"), ONCE) as bx:
        for _ in range(2):
            await bx.call(read("crm.lead.get", {"id": 1}))
        await refused(bx.call(read("crm.lead.get", {"id": 1})), "OPERATION_TIME_LIMIT", 429)
    # A client that was refused holds the method back for two minutes; a new one knows of nothing.
    async with client(url("operating"), ONCE) as bx:
        commands = [Command(read("crm.lead.get", {"id": lead}), lead) for lead in LEADS[:2]]
        for outcome in await rows_of(bx.batch_outcomes(commands)):
            true(isinstance(outcome, CommandSuccess), repr(outcome))
        for outcome in await rows_of(bx.batch_outcomes(commands)):
            true(isinstance(outcome, CommandFailure), repr(outcome))
            equal(outcome.error.original_code, "OPERATION_TIME_LIMIT")


done()
