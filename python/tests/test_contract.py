"""The original and this package side by side: the same calls to portals with the same rows, and the same results.

Where they differ, :data:`DIFFERENT` says which row of MIGRATING.md tells it.
"""

import asyncio
import copy
import datetime
import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import brimful.fast_bitrix24 as ours
import fast_bitrix24 as original
from brimful.testing import portal

ROWS = {
    "crm.lead": 130,
    "crm.deal": 130,
    "crm.contact": 60,
    "crm.company": 20,
    "crm.activity": 30,
    "crm.quote": 12,
    "tasks.task": 60,
    "user": 7,
}


class Call(NamedTuple):
    name: str
    arguments: tuple[Any, ...]
    options: dict[str, Any] = {}
    settings: dict[str, Any] = {}

    def __str__(self) -> str:
        said = [repr(argument)[:60] for argument in self.arguments]
        said += [f"{name}={value!r}" for name, value in {**self.options, **self.settings}.items()]
        return f"{self.name}({', '.join(said)})"


def get_all(*arguments, **options):
    return Call("get_all", arguments, options)


def get_by_id(*arguments, **options):
    return Call("get_by_ID", arguments, options)


def call(*arguments, **options):
    return Call("call", arguments, options)


def call_batch(*arguments, **options):
    return Call("call_batch", arguments, options)


def list_and_get(*arguments, **options):
    return Call("list_and_get", arguments, options)


def made(**settings):
    """Only the constructor."""
    return Call("made", (), {}, settings)


LISTS = [
    "crm.lead.list",
    "crm.deal.list",
    "crm.contact.list",
    "crm.company.list",
    "crm.activity.list",
    "crm.quote.list",
]

WHOLE_LISTS = [
    *[get_all(method) for method in LISTS],
    *[get_all(method, {"select": ["ID"]}) for method in LISTS],
    *[get_all(method, params={"select": ["ID"], "filter": {">ID": 5}}) for method in LISTS],
    *[get_all(method, {"filter": {"ID": [1, 2, 3]}}) for method in LISTS],
    *[get_all(method, {"filter": {">ID": 10_000}}) for method in LISTS],
    *[get_all(method.replace("list", "fields")) for method in LISTS],
    get_all("crm.deal.list", {"select": ["*", "UF_*"], "filter": {"CLOSED": "N"}}),
    get_all("crm.deal.list", {"SELECT": ["ID", "TITLE"], "FILTER": {"<ID": 20}}),
    get_all("crm.deal.list", {" select ": ["ID"]}),
    get_all("CRM.Deal.List", {"select": ["ID"]}),
    get_all(" crm.deal.list ", {"select": ["ID"]}),
    get_all("crm.deal.list", {"select": ["ID"], "filter": {"@ID": [7, 8, 120]}}),
    get_all("crm.deal.list", {"select": ["ID"], "filter": {"!ID": 7}}),
    get_all("crm.deal.list", {"select": ["ID"], "filter": {">=ID": 60, "<=ID": 70}}),
    get_all("crm.deal.list", {"select": ["ID"], "filter": {"STAGE_ID": "NEW"}}),
    get_all("crm.deal.list", {"select": ["ID"], "filter": {"TITLE": ""}}),
    get_all("crm.deal.list", {"select": ["ID"], "limit": 10}),
    get_all("crm.deal.list", {}),
    get_all("crm.deal.list", None),
    get_all("crm.lead.list", {"select": ["ID", "PHONE"], "filter": {"HAS_PHONE": "Y"}}),
    get_all("crm.status.list"),
    get_all("crm.status.list", {"filter": {"ENTITY_ID": "SOURCE"}}),
    get_all("crm.deal.userfield.list"),
    get_all("crm.currency.list"),
    get_all("crm.item.list", {"entityTypeId": 2, "select": ["id", "title"]}),
    get_all("crm.item.list", {"entityTypeId": 1, "filter": {">id": 100}}),
    get_all("crm.item.list", {"entityTypeId": 3}),
    get_all("crm.item.fields", {"entityTypeId": 2}),
    get_all("crm.category.list", {"entityTypeId": 2}),
    get_all("tasks.task.list", {"select": ["ID", "TITLE"]}),
    get_all("tasks.task.list", {"select": ["ID"], "filter": {">ID": 55}}),
    get_all("tasks.task.list"),
    get_all("user.get"),
    get_all("user.get", {"ID": 1}),
    get_all("user.get", {"filter": {"ACTIVE": True}}),
    get_all("department.get"),
    get_all("sonet_group.get"),
    get_all("crm.deal.get", {"id": 3}),
    get_all("crm.lead.get", {"ID": "4"}),
    get_all("crm.deal.productrows.get", {"id": 3}),
    get_all("crm.deal.contact.items.get", {"id": 3}),
    get_all("tasks.task.get", {"taskId": 3}),
    get_all("profile"),
    get_all("scope"),
    get_all("methods"),
    get_all("user.admin"),
    get_all("crm.lead.add", {"fields": {"TITLE": "x"}}),
]

BY_IDS = [
    get_by_id("crm.deal.get", [1, 2, 3]),
    get_by_id("crm.deal.get", ["1", "2"]),
    get_by_id("crm.deal.get", [3, "4"]),
    get_by_id("crm.deal.get", (5, 6)),
    get_by_id("crm.deal.get", {7, 8}),
    get_by_id("crm.deal.get", range(1, 41)),
    get_by_id("crm.deal.get", range(1, 51)),
    get_by_id("crm.deal.get", range(1, 101)),
    get_by_id("crm.deal.get", {9: "a", 10: "b"}),
    get_by_id("crm.deal.get", [1]),
    get_by_id("crm.deal.get", ["1"]),
    get_by_id("crm.deal.get", [1, 1]),
    get_by_id("crm.deal.get", [1, 2, 1]),
    get_by_id("crm.deal.get", ID_list=[3, 4]),
    get_by_id("crm.lead.get", [11, 12]),
    get_by_id("crm.lead.get", [11, 12], "ID"),
    get_by_id("crm.lead.get", [11, 12], "id"),
    get_by_id("crm.lead.get", [11, 12], " ID "),
    get_by_id("crm.contact.get", [1, 2]),
    get_by_id("crm.company.get", [1, 2]),
    get_by_id("crm.quote.get", [1, 2]),
    get_by_id("crm.activity.get", [1, 2]),
    get_by_id("tasks.task.get", [1, 2], "taskId"),
    get_by_id("tasks.task.get", [1], "taskId"),
    get_by_id("tasks.task.get", [1, 2], ID_field_name="taskId", params={"select": ["ID", "TITLE"]}),
    get_by_id("crm.deal.contact.items.get", [1, 2]),
    get_by_id("crm.deal.contact.items.get", [1]),
    get_by_id("crm.deal.productrows.get", [1, 2]),
    get_by_id("crm.deal.productrows.get", [1]),
    get_by_id("crm.item.get", [1, 2], "id", {"entityTypeId": 2}),
    get_by_id("crm.item.get", [1], "id", {"entityTypeId": 2}),
    get_by_id("user.get", [1, 2]),
    get_by_id("crm.deal.delete", [1, 2, 3]),
    get_by_id("crm.deal.get", [1, 99_999]),
    get_by_id("crm.deal.get", [99_999]),
    get_by_id("no.such.method", [1, 2]),
    get_by_id("crm.deal.get", range(1, 52)),
]

TITLES = [{"fields": {"TITLE": f"title {number}"}} for number in range(60)]

CALLS = [
    *[call(f"crm.{entity}.get", {"id": 5}) for entity in ("lead", "deal", "contact", "company")],
    *[call(f"crm.{entity}.get", [{"ID": 5}, {"ID": 6}]) for entity in ("lead", "deal", "contact")],
    *[call(f"crm.{entity}.add", {"fields": {"TITLE": "x"}}) for entity in ("lead", "deal")],
    *[call(f"crm.{entity}.add", TITLES[:3]) for entity in ("lead", "deal", "company")],
    *[call(f"crm.{entity}.add", TITLES[:1]) for entity in ("lead", "deal")],
    *[
        call(f"crm.{entity}.update", {"id": 1, "fields": {"COMMENTS": "y"}})
        for entity in ("lead", "deal", "contact", "company")
    ],
    *[call(f"crm.{entity}.list", {"select": ["ID"]}) for entity in ("lead", "deal", "contact")],
    call("crm.deal.add", tuple(TITLES[:4])),
    call("crm.deal.add", TITLES[:50]),
    call("crm.deal.add", TITLES),
    call("crm.deal.update", [{"id": n, "fields": {"TITLE": "z"}} for n in range(1, 61)]),
    call("crm.deal.delete", {"id": 1}),
    call("crm.deal.delete", [{"id": 1}, {"id": 2}]),
    call("crm.deal.get", [{"id": 5}]),
    call("crm.deal.get", [{"id": n} for n in range(1, 61)]),
    call("crm.deal.list", [{"select": ["ID"]}, {"select": ["ID"], "filter": {">ID": 100}}]),
    call("crm.deal.list", {"select": ["ID"], "order": {"ID": "DESC"}}),
    call("crm.deal.list", {"select": ["ID"], "start": 50}),
    call("crm.deal.list", {"filter": {">ID": 10_000}}),
    call("crm.deal.fields", {"a": 1}),
    call("crm.deal.productrows.get", {"id": 1}),
    call("crm.deal.productrows.set", {"id": 1, "rows": [{"PRODUCT_NAME": "p", "PRICE": 10}]}),
    call("crm.deal.contact.add", {"id": 1, "fields": {"CONTACT_ID": 3}}),
    call("crm.deal.contact.items.get", [{"id": 1}, {"id": 2}]),
    call("crm.item.get", {"entityTypeId": 2, "id": 3}),
    call("crm.item.get", [{"entityTypeId": 2, "id": 3}, {"entityTypeId": 2, "id": 4}]),
    call("crm.item.add", {"entityTypeId": 2, "fields": {"title": "x"}}),
    call("crm.item.list", {"entityTypeId": 2, "select": ["id"]}),
    call("crm.category.list", {"entityTypeId": 2}),
    call("crm.status.list", {"filter": {"ENTITY_ID": "SOURCE"}}),
    call("tasks.task.get", {"taskId": 3}),
    call("tasks.task.get", [{"taskId": 3}, {"taskId": 4}]),
    call("tasks.task.add", {"fields": {"TITLE": "t", "RESPONSIBLE_ID": 1}}),
    call("tasks.task.complete", {"taskId": 3}),
    call("tasks.task.list", {"select": ["ID"]}),
    call("user.get", {"ID": 1}),
    call("user.current", {"a": 1}),
    call("profile", {"a": 1}),
    call("Crm.Deal.Get", {"id": 5}),
    call("crm.deal.get", {"id": 99_999}),
    call("crm.deal.get", [{"id": 1}, {"id": 99_999}]),
    call("crm.deal.get", {}),
    call("no.such.method", {"id": 1}),
    call("no.such.method", [{"id": 1}, {"id": 2}]),
    # Without a batch.
    call("crm.deal.get", {"id": 5}, raw=True),
    call("crm.deal.list", {"select": ["ID"]}, raw=True),
    call("crm.deal.list", {"select": ["ID"], "start": 100}, raw=True),
    call("crm.deal.fields", raw=True),
    call("profile", raw=True),
    call("profile", None, raw=True),
    call("profile", {}, raw=True),
    call("crm.lead.update", {"ID": 123, "fields": {"COMMENTS": None}}, raw=True),
    call("crm.lead.add", {"fields": {"TITLE": "x", "OPENED": True}}, raw=True),
    call("task.commentitem.add", [3, {"POST_MESSAGE": "comment"}], raw=True),
    call("batch", {"halt": 0, "cmd": {"a": "profile"}}, raw=True),
    call("crm.deal.get", {"id": 99_999}, raw=True),
    call("no.such.method", {"id": 1}, raw=True),
]

BATCHES = [
    call_batch({"halt": 0, "cmd": {"a": "crm.deal.get?id=1"}}),
    call_batch({"halt": 0, "cmd": {"a": "crm.deal.get?id=1", "b": "profile"}}),
    call_batch({"halt": 1, "cmd": {"a": "crm.deal.get?id=1", "b": "crm.lead.get?id=2"}}),
    call_batch({"cmd": {"a": "profile"}}),
    call_batch({"halt": 0, "cmd": {"a": "profile", "b": "crm.deal.list?select[]=ID"}}),
    call_batch({"halt": 0, "cmd": {"deals": "crm.deal.list", "first": "crm.deal.get?id=$result[deals][0][ID]"}}),
    call_batch(
        {
            "halt": 0,
            "cmd": {
                "deals": "crm.deal.list",
                "activities": "crm.activity.list?filter[ENTITY_TYPE]=3"
                "&filter[ENTITY_ID]=$result[deals][0][ID]",
            },
        }
    ),
    call_batch({"halt": 0, "cmd": {"0": "profile", "1": "crm.deal.get?id=1"}}),
    call_batch({"halt": 0, "cmd": {"a": "crm.deal.add?fields[TITLE]=x"}}),
    call_batch({"halt": 0, "cmd": {"a": "crm.deal.get?id=99999"}}),
    call_batch({"halt": 0, "cmd": {"a": "profile", "b": "no.such.method"}}),
    call_batch({"halt": 1, "cmd": {"a": "no.such.method", "b": "profile"}}),
    call_batch({"halt": 0, "cmd": {str(number): "profile" for number in range(50)}}),
    call_batch({"halt": 0, "cmd": {str(number): "profile" for number in range(51)}}),
    call_batch({"halt": 0, "cmd": {}}),
    call_batch({"halt": True, "cmd": {"a": "profile"}}),
    call_batch({"HALT": 0, "CMD": {"a": "profile"}}),
    call_batch({"halt": "0", "cmd": {"a": "profile"}}),
    call_batch({"halt": 0, "cmd": ["profile"]}),
    call_batch({}),
    call_batch(None),
]

LISTS_AND_ITEMS = [
    list_and_get("crm.lead"),
    list_and_get("crm.deal"),
    list_and_get("crm.contact", "ID"),
    list_and_get(method_branch="crm.company"),
    list_and_get("crm.lead.list"),
    list_and_get("crm.lead.get"),
    list_and_get("no.such"),
]

WRONG = [
    *[get_all("crm.deal.list", {"order": {"ID": "ASC"}, "select": ["ID"]})],
    *[get_all("crm.deal.list", {name: 0}) for name in ("start", "START", " Start ")],
    *[get_all("crm.deal.list", {"ORDER": {"ID": "DESC"}})],
    *[get_all("crm.deal.list", {"select": wrong}) for wrong in ("ID", 1, {"ID": 1}, None)],
    *[get_all("crm.deal.list", {"filter": wrong}) for wrong in ("ID", 1, ["ID"], None)],
    *[get_all("crm.deal.list", {"select": wrong}) for wrong in (("ID",), {"ID"})],
    get_all("crm.deal.list", {"limit": "10"}),
    get_all("crm.deal.list", {"fields": ["TITLE"]}),
    get_all("crm.deal.list", ["select"]),
    get_all("crm.deal.list", "select"),
    get_all("crm.deal.list", {1: 2}),
    get_all("crm.deal.list", {"filter": {"TITLE": None}}),
    get_all(""),
    get_all("batch"),
    get_all(" BATCH "),
    get_all(None),
    get_all(1),
    get_all(["crm.deal.list"]),
    get_all("tasks.elapseditem.getlist"),
    get_all("no.such.method"),
    get_all("no.such.method.list"),
    get_all("crm.deal.get", {"id": 99_999}),
    get_by_id("crm.deal.get", []),
    get_by_id("crm.deal.get", ()),
    get_by_id("crm.deal.get", None),
    get_by_id("crm.deal.get", 5),
    get_by_id("crm.deal.get", [1, 2], params={"ID": 1}),
    get_by_id("crm.deal.get", [1, 2], params={"id": 1}),
    get_by_id("crm.deal.get", [1, 2], "ID", ["a"]),
    get_by_id("crm.deal.get", [1, 2], None),
    get_by_id("crm.deal.get", [1, 2], 5),
    get_by_id("", [1, 2]),
    get_by_id("batch", [1, 2]),
    get_by_id(5, [1, 2]),
    call("crm.deal.get", []),
    call("crm.deal.get", {}, raw=False),
    call("crm.deal.get", ()),
    call("crm.deal.get"),
    call("crm.deal.get", 5),
    call("crm.deal.get", "id=5"),
    call("crm.deal.get", [5]),
    call("crm.deal.get", ["id=5"]),
    call("crm.deal.get", [[1]]),
    call("", {"id": 1}),
    call("batch", {"id": 1}),
    call(5, {"id": 1}),
    call(None, {"id": 1}),
    call("crm.deal.get", {"id": 1}, True),
]

CONSTRUCTED = [
    made(),
    made(verbose=False),
    made(respect_velocity_policy=True),
    made(request_pool_size=20, requests_per_second=1.0, batch_size=20, operating_time_limit=100),
    made(request_pool_size=250, requests_per_second=5.0),
    made(ssl=False),
    made(webhook=" https://example.bitrix24.ru/rest/1/code/ "),
    made(webhook="https://example.bitrix24.ru/rest/1/code"),
    made(webhook=""),
    made(webhook="nonsense"),
    made(webhook="https://example.bitrix24.ru"),
    made(webhook="example.bitrix24.ru/rest/1/code/"),
    made(webhook=None),
    made(webhook=5),
    made(token_func=lambda: "token"),
    made(token_func="token"),
    made(verbose="yes"),
    made(respect_velocity_policy="no"),
    made(request_pool_size="50"),
    made(request_pool_size=50.5),
    made(requests_per_second="2"),
    made(batch_size="50"),
    made(operating_time_limit="480"),
    made(ssl="no"),
    made(no_such_option=1),
]

ALL = [*WHOLE_LISTS, *BY_IDS, *CALLS, *BATCHES, *LISTS_AND_ITEMS, *WRONG, *CONSTRUCTED]

#: Calls whose results differ, and words of the row of MIGRATING.md that says so.
DIFFERENT = {
    "get_all(' crm.deal.list ', {'select': ['ID']})": "blanks around the name of a method",
    "get_all('crm.deal.list', {'select': ('ID',)})": "`select` as a tuple or a set",
    "get_all('crm.deal.list', {'select': {'ID'}})": "`select` as a tuple or a set",
    "get_all('crm.deal.list', {'filter': {'TITLE': None}})": "`None` in a filter",
    "get_all('crm.deal.list', {' select ': ['ID']})": "with a parameter that its documentation lacks",
    "get_by_ID('crm.deal.get', range(1, 52))": "with 51, 101, … IDs",
}


def outcome(module, one: Call, is_async: bool) -> Any:
    """What a call gives: its result, or the kind of its exception."""
    settings = {"verbose": False, **one.settings}
    arguments, options = copy.deepcopy((one.arguments, one.options))
    with portal(rows=ROWS, seed=1) as b24, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            settings.setdefault("webhook", b24.webhook)
            made = (module.BitrixAsync if is_async else module.Bitrix)(**settings)
            if one.name == "made":
                return "made"
            work = getattr(made, one.name)
            if is_async:

                async def run():
                    return await work(*arguments, **options)

                return comparable(asyncio.run(run()), one)
            return comparable(work(*arguments, **options), one)
        except Exception as error:
            return kind(error)


def kind(error: Exception) -> str:
    """The kind of an exception. What is told apart here is in MIGRATING.md: bodies of HTTP errors, wrong types."""
    names = [base.__name__ for base in type(error).__mro__]
    for name, kind in {
        "ViolationError": "ViolationError",
        "BeartypeCallHintParamViolation": "TypeError",
        "ErrorInServerResponseException": "error of the portal",
        "ClientResponseError": "error of the portal",
        "TypeError": "TypeError",
        "ValueError": "ValueError",
    }.items():
        if name in names:
            return f"raises {kind}"
    return f"raises {names[0]}: {error}"


def without_moments_of_today(value: Any) -> Any:
    """The value with one word for all moments of the calls themselves, which are seconds apart."""
    if isinstance(value, dict):
        return {key: without_moments_of_today(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(without_moments_of_today(inner) for inner in value)
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d", value):
        # The portal may be in another zone, where it is another day.
        days = (datetime.date.today() + datetime.timedelta(days=off) for off in (-1, 0, 1))
        if value[:10] in [day.isoformat() for day in days]:
            return "today"
    return value


def comparable(result: Any, one: Call) -> Any:
    """The result without what no two calls have in common."""
    if one.options.get("raw") and isinstance(result, dict):
        result = {key: value for key, value in result.items() if key != "time"}
        if isinstance(result.get("result"), dict):
            result["result"].pop("result_time", None)
    result = without_moments_of_today(result)
    # The original gives rows and results of several requests in no order: order is tested elsewhere.
    if isinstance(result, (list, tuple)):
        return type(result), sorted(result, key=str)
    return result


def test_there_are_at_least_200_calls():
    assert len({str(one) for one in ALL}) >= 200


@pytest.mark.parametrize("one", ALL, ids=str)
def test_the_original_gives_the_same(one):
    theirs, mine = (outcome(module, one, False) for module in (original, ours))
    if str(one) in DIFFERENT:
        assert mine != theirs, "it is the same now: take it out of DIFFERENT"
    else:
        assert mine == theirs


@pytest.mark.parametrize("one", ALL[::5], ids=str)
def test_the_asynchronous_clients_give_the_same(one):
    theirs, mine = (outcome(module, one, True) for module in (original, ours))
    if str(one) in DIFFERENT:
        assert mine != theirs
    else:
        assert mine == theirs


def test_every_difference_is_told():
    told = (Path(__file__).parent.parent / "MIGRATING.md").read_text(encoding="utf-8")
    for call, words in DIFFERENT.items():
        assert words in told, call
        assert call in {str(one) for one in ALL}


WARNED = [
    get_all("profile"),
    get_all("crm.deal.list", {"limit": 10}),
    get_all("crm.deal.list", {"select": ["*"]}),
    call("crm.deal.list", {"select": ["ID"]}),
    call("crm.deal.fields", {"a": 1}),
    list_and_get("crm.company"),
    get_all("crm.deal.list"),
]


@pytest.mark.parametrize("one", WARNED, ids=str)
def test_the_same_is_warned_of_at_the_line_of_the_program(one):
    told = []
    for module in (original, ours):
        with portal(rows=ROWS) as b24, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            getattr(module.Bitrix(b24.webhook, verbose=False), one.name)(*one.arguments)
        found = [one for one in caught if one.category in (UserWarning, DeprecationWarning)]
        mine = [one for one in found if "fast_bitrix24" in one.filename or one.filename == __file__]
        told.append([(one.category, str(one.message)[:25]) for one in mine])
        if module is ours:
            assert {one.filename for one in mine} <= {__file__}
    assert told[0] == told[1]
