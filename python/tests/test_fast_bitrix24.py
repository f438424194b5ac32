"""The shapes that programs pin, held by fixed expectations; side by side with the original where it is installed."""

import asyncio
import subprocess
import sys
import warnings

import pytest

from brimful.fast_bitrix24 import Bitrix, BitrixAsync, ErrorInServerResponseException
from brimful.fast_bitrix24._contract import ViolationError
from brimful.fast_bitrix24.utils import http_build_query


@pytest.fixture
def b24(bitrix_portal):
    return Bitrix(bitrix_portal.webhook, verbose=False)


def test_get_all_gives_the_whole_list_in_the_order_of_its_ids(b24):
    assert [int(deal["ID"]) for deal in b24.get_all("crm.deal.list")] == list(range(1, 121))


def test_get_all_gives_what_has_no_rows_as_it_is(b24):
    with pytest.warns(UserWarning, match="get_all"):
        assert b24.get_all("profile", None)["ID"] == "1"
    assert "TITLE" in b24.get_all("crm.deal.fields")


@pytest.mark.parametrize("params", [{"order": {"ID": "ASC"}}, {"start": 50}, {"START": 0}])
def test_get_all_refuses_order_and_start(b24, params):
    with pytest.raises(ViolationError):
        b24.get_all("crm.deal.list", params)


@pytest.mark.parametrize("params", [{"select": "ID"}, {"filter": ["ID"]}, {"fields": 1}])
def test_clauses_of_the_wrong_type_are_a_type_error(b24, params):
    with pytest.raises(TypeError):
        b24.get_all("crm.deal.list", params)


def test_get_by_id_gives_records_by_their_ids(b24):
    deals = b24.get_by_ID("crm.deal.get", range(1, 52))
    assert list(deals) == [str(one) for one in range(1, 52)]
    assert deals["51"]["ID"] == "51"


def test_get_by_id_of_one_id_gives_the_record_itself(b24):
    assert b24.get_by_ID("crm.deal.get", [7])["ID"] == "7"


def test_call_of_one_record_gives_it_under_its_order(b24):
    result = b24.call("crm.deal.get", {"id": 5})
    assert list(result) == ["order0000000000"]
    assert result["order0000000000"]["ID"] == "5"


def test_call_of_a_list_method_gives_the_first_row_alone(b24):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert b24.call("crm.deal.list", {"select": ["ID"]}) == {"ID": "1"}


def test_call_of_many_gives_a_tuple_in_their_order(b24):
    made = b24.call("crm.deal.add", [{"fields": {"TITLE": str(n)}} for n in range(51)])
    assert isinstance(made, tuple) and len(made) == 51
    deals = b24.get_by_ID("crm.deal.get", made)
    assert [deals[str(one)]["TITLE"] for one in made] == [str(n) for n in range(51)]


def test_call_of_one_scalar_gives_it_bare(b24):
    assert isinstance(b24.call("crm.deal.add", {"fields": {"TITLE": "x"}}), int)
    assert isinstance(b24.call("crm.deal.add", [{"fields": {"TITLE": "x"}}]), int)


def test_call_raw_gives_the_whole_reply(b24):
    reply = b24.call("crm.deal.get", {"id": 1}, raw=True)
    assert reply["result"]["ID"] == "1" and "time" in reply


def test_call_batch_gives_results_by_their_labels(b24):
    results = b24.call_batch({"halt": 0, "cmd": {"a": "crm.deal.get?id=1", "b": "profile"}})
    assert (results["a"]["ID"], results["b"]["ID"]) == ("1", "1")


def test_an_error_has_the_portals_words(b24):
    with pytest.raises(ErrorInServerResponseException) as caught:
        b24.call("crm.deal.get", [{"id": 1}, {"id": 99999}])
    assert "Not found" in str(caught.value)
    assert [one.status for one in caught.value.outcomes] == ["done", "failed"]


@pytest.mark.parametrize("method", ["", "batch", " BATCH "])
def test_methods_that_cannot_be_called_are_refused(b24, method):
    with pytest.raises(ViolationError):
        b24.call(method, {"a": 1})


def test_no_items_are_refused(b24):
    for items in ([], {}):
        with pytest.raises(ViolationError):
            b24.call("crm.deal.get", items)
    with pytest.raises(ViolationError):
        b24.get_by_ID("crm.deal.get", [])


def test_a_webhook_that_is_not_an_address_is_a_value_error():
    with pytest.raises(ValueError, match="Webhook is not a valid URL"):
        Bitrix("nonsense")
    with pytest.raises(TypeError, match="client="):
        Bitrix("https://example.bitrix24.ru/rest/1/code/", client=object())
    with pytest.raises(ValueError, match="async"):
        Bitrix("https://example.bitrix24.ru/rest/1/code/", token_func=lambda: "x")


def test_slow_ends_with_its_block_also_after_an_exception(b24):
    with pytest.raises(KeyError):
        with b24.slow(2):
            raise KeyError
    assert len(b24.get_all("crm.deal.list", {"select": ["ID"]})) == 120


def test_bitrix_works_inside_of_a_running_loop(b24):
    async def notebook():
        return len(b24.get_all("crm.deal.list", {"select": ["ID"]}))

    assert asyncio.run(notebook()) == 120


def test_bitrix_async_has_the_same_calls(bitrix_portal):
    async def run():
        b24 = BitrixAsync(bitrix_portal.webhook, verbose=False)
        rows = await b24.get_all("crm.deal.list", {"select": ["ID"]})
        both = await asyncio.gather(
            b24.get_by_ID("crm.deal.get", [1, 2]), b24.call("crm.deal.get", {"id": 3})
        )
        return len(rows), list(both[0]), list(both[1])

    assert asyncio.run(run()) == (120, ["1", "2"], ["order0000000000"])


def test_a_program_that_imports_the_original_runs_unchanged(installed, bitrix_portal):
    from fast_bitrix24 import Bitrix as its_bitrix
    from fast_bitrix24.server_response import ErrorInServerResponseException as error

    assert its_bitrix is Bitrix and error is ErrorInServerResponseException


SAME = [
    ("get_all", "crm.deal.list", {"select": ["ID", "TITLE"]}),
    ("get_all", "crm.deal.fields"),
    ("get_all", "crm.status.list"),
    ("get_all", "user.get"),
    ("get_all", "tasks.task.list", {"select": ["ID"]}),
    ("get_all", "crm.item.list", {"entityTypeId": 2, "select": ["id"]}),
    ("get_all", "crm.deal.get", {"id": 3}),
    ("get_all", "profile"),
    ("get_all", "crm.deal.list", {"filter": {">ID": 10000}}),
    ("get_all", "department.get"),
    ("get_by_ID", "crm.deal.get", [1, 2, 3]),
    ("get_by_ID", "crm.deal.get", [1]),
    ("get_by_ID", "tasks.task.get", [1, 2], "taskId"),
    ("get_by_ID", "crm.deal.contact.items.get", [1, 2]),
    ("get_by_ID", "crm.deal.productrows.get", [1]),
    ("call", "crm.deal.list", {"select": ["ID"]}),
    ("call", "crm.deal.get", {"id": 5}),
    ("call", "crm.deal.get", [{"id": 5}]),
    ("call", "crm.deal.get", [{"id": 5}, {"id": 6}]),
    ("call", "crm.deal.add", {"fields": {"TITLE": "x"}}),
    ("call", "crm.deal.add", [{"fields": {"TITLE": "x"}}] * 3),
    ("call", "crm.deal.update", {"id": 1, "fields": {"TITLE": "y"}}),
    ("call", "crm.item.get", {"entityTypeId": 2, "id": 3}),
    ("call", "crm.item.get", [{"entityTypeId": 2, "id": 3}, {"entityTypeId": 2, "id": 4}]),
    ("call", "tasks.task.get", {"taskId": 3}),
    ("call", "crm.deal.list", [{"select": ["ID"]}, {"select": ["ID"]}]),
    ("call_batch", {"halt": 0, "cmd": {"a": "crm.deal.get?id=1"}}),
]


@pytest.mark.parametrize("call", SAME, ids=lambda call: f"{call[0]} {call[1]}")
def test_the_original_returns_the_same(make_bitrix_portal, call):
    original = pytest.importorskip("fast_bitrix24")
    name, *arguments = call
    results = []
    for module in (original.Bitrix, Bitrix):
        portal = make_bitrix_portal(rows={"crm.deal": 130, "tasks.task": 60, "user": 5}, seed=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results.append(getattr(module(portal.webhook, verbose=False), name)(*arguments))

    def in_order(result):
        # The original gives the rows of long lists in no order.
        if isinstance(result, list) and result and isinstance(result[0], dict):
            return sorted(result, key=lambda row: str(row.get("ID", row.get("id"))))
        return result

    assert in_order(results[0]) == in_order(results[1])


def test_a_client_can_be_pickled_after_its_first_call(b24):
    import pickle

    deal = b24.get_by_ID("crm.deal.get", [7])
    copy = pickle.loads(pickle.dumps(b24))
    assert copy.get_by_ID("crm.deal.get", [7]) == deal


def test_other_modules_of_the_original_work_or_say_what_to_use_instead(bitrix_portal):
    program = (
        "import sys, logging, brimful.fast_bitrix24\n"
        "brimful.fast_bitrix24.install()\n"
        "from fast_bitrix24.__version__ import __version__\n"
        "from fast_bitrix24.bitrix import Bitrix\n"
        "from fast_bitrix24.logger import logger\n"
        "from fast_bitrix24.utils import http_build_query\n"
        "assert logger is logging.getLogger('fast_bitrix24') and __version__\n"
        "command = 'crm.deal.list?' + http_build_query({'filter': {'@ID': [7, 8]}, 'select': ['ID']})\n"
        "print(Bitrix(sys.argv[1]).call_batch({'halt': 0, 'cmd': {'a': command}}))\n"
        "for part in ('srh', 'mult_request', 'user_request', 'throttle'):\n"
        "    try:\n        __import__(f'fast_bitrix24.{part}')\n"
        "    except ImportError as error:\n        print(error.name, 'Bitrix' in str(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, bitrix_portal.webhook], capture_output=True, text=True, timeout=60
    )
    rows, *refused = done.stdout.splitlines()
    assert rows == "{'a': [{'ID': '7'}, {'ID': '8'}]}", done.stderr
    parts = ("srh", "mult_request", "user_request", "throttle")
    assert refused == [f"fast_bitrix24.{part} True" for part in parts]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"ID": 7, "TITLE": "a&b = 1,5", "filter": {"A": "x y", "B": [1, 2], "C": {"D": ["e", {"F": 0.5}]}}},
        {"select": [], "fields": {}, "a b": "Ж"},
    ],
)
def test_a_query_is_that_of_the_original_where_it_reads_what_was_meant(params):
    original = pytest.importorskip("fast_bitrix24.utils")
    assert http_build_query(params) == original.http_build_query(params)


def test_a_query_has_no_words_of_python():
    query = http_build_query({"a": True, "b": False, "c": None, "d": ("x",), "e": {"/": 1}, 7: {8: 9}})
    assert query == "a=1&b=0&d[0]=x&e[%2F]=1&7[8]=9&"
