"""The package's own client, against a portal in the same process."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from brimful import ApiError, AsyncClient, BrimfulError, Client, ConfigError


def test_a_list_gives_each_row_once_and_says_what_proves_it(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 1234})
    rows = Client(portal.webhook, rate=None).list("crm.deal.list", select=["ID"])
    ids = [int(row["ID"]) for row in rows]
    assert ids == list(range(1, 1235))
    assert (rows.report.proof, rows.report.complete_to, rows.report.rows) == ("by ID", 1234, 1234)


def test_a_list_is_iterated_by_asyncio_too(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 300})

    async def ids():
        rows = AsyncClient(portal.webhook, rate=None).list("crm.deal.list", select=["ID"])
        return [int(row["ID"]) async for row in rows], rows.report.rows

    assert asyncio.run(ids()) == (list(range(1, 301)), 300)


def test_a_filter_reaches_the_portal(bitrix_portal):
    client = Client(bitrix_portal.webhook, rate=None)
    rows = client.list("crm.deal.list", select=["ID"], filter={">ID": 100})
    assert [int(row["ID"]) for row in rows] == list(range(101, 121))


def test_rows_are_what_json_says_they_are_whatever_fields_each_of_them_has(make_bitrix_portal):
    odd = [
        {"TITLE": "a", "PHONE": [{"VALUE": "+7", "ID": "1"}, []], "N": 7, "F": 1.5, "E": 1e300},
        {"TITLE": "a", "PHONE": [], "N": -(2**63), "F": -0.25, "E": None},
        {"TITLE": "b", "N": 2**64 - 1, "F": 0.1, "PHONE": {}, "E": ""},
        {"TITLE": 'Ж "quoted" \\ / \n \U0001f600', "Ж": True},
        {"TITLE": "c", "Ж": False, "N": 0, 'a"b': {"c": {"d": [[[1], 2], "]}"]}}},
        {"TITLE": "https://a.test/<b>?c='d'&e", "PHONE": [{"VALUE": 'a"b\\', "/": "</>"}]},
        {"TITLE": "deep", "N": json.loads("[" * 40 + "1" + "]" * 40)},
        {"TITLE": "last"},
    ]
    rows = [{"ID": str(place + 1), **row} for place, row in enumerate(odd)]
    portal = make_bitrix_portal(replies={"odd.things.list": rows})
    client = Client(portal.webhook, rate=None)
    told = client.call("odd.things.list")
    come = list(client.list("odd.things.list", walk="whole"))
    assert come == told
    assert [list(row) for row in come] == [list(row) for row in told]
    assert [repr(row) for row in come] == [repr(row) for row in told]


def test_rows_that_are_alike_are_dictionaries_and_lists_of_their_own(make_bitrix_portal):
    same = {"NAME": "Ann", "STATUS_ID": "NEW", "UF_CRM_TAGS": ["a"], "UF_CRM_MORE": {"b": ["c"]}}
    rows = [{"ID": str(number), **same} for number in range(1, 301)]
    portal = make_bitrix_portal(replies={"odd.things.list": rows})
    found = list(Client(portal.webhook).list("odd.things.list", walk="whole"))
    first = found[0]
    first["NAME"] = "Bob"
    first["UF_CRM_TAGS"].append("z")
    first["UF_CRM_MORE"]["b"].clear()
    del first["STATUS_ID"]
    assert found[1:] == rows[1:]


def test_short_texts_that_come_again_and_again_are_not_mixed_up(make_bitrix_portal):
    texts = [f"{number % 70}" for number in range(200)] + ["", "0", "00", "\0", "0\0", "é", "x" * 24, "x" * 25]
    rows = [
        {"ID": str(number), "TITLE": text, "NAME": text[::-1], "POST": None if number % 3 else text}
        for number, text in enumerate(texts * 3, 1)
    ]
    portal = make_bitrix_portal(replies={"odd.things.list": rows})
    assert list(Client(portal.webhook).list("odd.things.list", walk="whole")) == rows


def test_a_loop_goes_on_behind_the_rows_that_were_taken_before(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.lead": 10_000})
    rows = Client(portal.webhook).list("crm.lead.list", select=["ID"])
    ids = [next(rows)["ID"]]
    for row in rows:
        ids.append(row["ID"])
        if len(ids) == 4_000:
            break
    ids.append(next(rows)["ID"])
    ids += [row["ID"] for row in rows]
    assert ids == [str(number) for number in range(1, 10_001)]
    assert next(rows, None) is None


def test_an_error_of_the_portal_has_its_words(bitrix_portal):
    client = Client(bitrix_portal.webhook, rate=None)
    with pytest.raises(ApiError) as caught:
        client.call("crm.deal.get", {"id": 99999})
    error = caught.value
    assert (error.description, error.execution, error.method) == ("Not found", "ran", "crm.deal.get")
    assert "demo" not in str(error)


def test_a_list_that_is_refused_names_its_problems_for_programs(bitrix_portal):
    client = Client(bitrix_portal.webhook, rate=None)
    for filter, problems in [
        ({"stage_id": "NEW", "CLOSED": True}, [("unknown_in_filter", "stage_id"), ("boolean_for_letter", "CLOSED")]),
        ({"=>ID": 5}, [("passed_over", "=>ID")]),
        ({"OPPORTUNITY": "1 000"}, []),
    ]:
        with pytest.raises(ConfigError) as caught:
            list(client.list("crm.deal.list", filter=filter))
        assert caught.value.problems == problems


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ConfigError):
        Client("nonsense")
    with pytest.raises(ValueError):
        Client("https://example.bitrix24.ru/rest/1/code/", batch_size=51)


def test_calls_have_an_outcome_each_in_their_order(bitrix_portal):
    client = Client(bitrix_portal.webhook, rate=None)
    items = [{"id": 7}, {"id": 99999}, {"id": 8}]
    outcomes = list(client.call_each("crm.deal.get", items))
    assert [(one.key, one.status) for one in outcomes] == [(0, "done"), (1, "failed"), (2, "done")]
    assert outcomes[2].value()["ID"] == "8"
    with pytest.raises(ApiError):
        outcomes[1].value()


def test_commands_of_a_batch_refer_to_each_other(bitrix_portal):
    client = Client(bitrix_portal.webhook, rate=None)
    outcomes = client.batch(
        {
            "deal": ("crm.deal.get", {"id": 5}),
            "again": ("crm.deal.get", {"id": "$result[deal][ID]"}),
        }
    )
    assert outcomes["again"].value()["ID"] == "5"


def test_writes_whose_replies_are_lost_are_not_sent_again(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.lead": 0})
    portal.set_faults("reset-after on=batch times=1")
    client = Client(portal.webhook, rate=None)
    outcomes = list(client.call_each("crm.lead.add", [{"fields": {"TITLE": "x"}}] * 60))
    unknown = [one for one in outcomes if one.status == "unknown"]
    assert unknown and unknown[0].error.execution == "unknown"
    assert len(list(client.list("crm.lead.list", select=["ID"]))) == 60


def test_one_client_serves_many_threads(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 500})
    client = Client(portal.webhook, rate=None)
    counts = []

    def read():
        counts.append(sum(1 for _ in client.list("crm.deal.list", select=["ID"])))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [500] * 8


def test_a_cancelled_task_ends_its_call(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 5})
    portal.set_faults("latency=30s")

    async def run():
        client = AsyncClient(portal.webhook, rate=None)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.call("profile"), 0.2)

    began = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - began < 10


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_ctrl_c_ends_a_call_at_once(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 5})
    portal.set_faults("latency=30s")
    program = (
        "import brimful, sys\n"
        "client = brimful.Client(sys.argv[1], rate=None)\n"
        "print('begins', flush=True)\n"
        "try:\n    client.call('profile')\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, portal.webhook], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "begins\n"
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=20)
    # Before the call has begun Python itself ends the program.
    assert said == "interrupted\n" or child.returncode != 0
    assert time.monotonic() - began < 15


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_goes_on_with_a_client_of_its_own(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 70})
    assert Client(portal.webhook, rate=None).call("profile")
    program = (
        "import os, sys, brimful\n"
        "brimful.Client(sys.argv[1], rate=None).call('profile')\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    rows = brimful.Client(sys.argv[1], rate=None).list('crm.deal.list', select=['ID'])\n"
        "    os._exit(sum(1 for _ in rows))\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, portal.webhook], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "70\n", done.stderr


def test_parameters_of_pythons_own_types_are_sent_as_the_portal_reads_them(bitrix_portal):
    import datetime
    import decimal

    client = Client(bitrix_portal.webhook, rate=None)
    fields = {
        "TITLE": "тест & 100 %",
        "OPPORTUNITY": decimal.Decimal("12.50"),
        "CLOSEDATE": datetime.date(2026, 1, 31),
    }
    made = client.call("crm.deal.add", {"fields": fields})
    deal = client.call("crm.deal.get", {"id": made})
    assert deal["TITLE"] == "тест & 100 %"
    assert float(deal["OPPORTUNITY"]) == 12.5
    assert deal["CLOSEDATE"].startswith("2026-01-31")
    with pytest.raises(TypeError):
        client.call("crm.deal.get", {"id": object()})
    with pytest.raises(ValueError):
        client.call("crm.deal.get", {"id": float("nan")})


def test_a_token_is_asked_for_by_the_client():
    asked = []

    def token():
        asked.append(1)
        raise RuntimeError("the vault is closed")

    client = Client("http://127.0.0.1:9", token=token, rate=None, attempts=1)
    with pytest.raises(BrimfulError, match="the vault is closed"):
        client.call("profile")
    assert asked


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_cannot_go_on_with_a_list_that_was_begun(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 70})
    program = (
        "import os, signal, sys, brimful\n"
        "client = brimful.Client(sys.argv[1], rate=None)\n"
        "begun, new = client.list('crm.deal.list'), client.list('crm.deal.list')\n"
        "calls = client.call_each('crm.deal.get', [{'id': 1}] * 70)\n"
        "next(begun), next(calls)\n"
        "if os.fork() == 0:\n"
        "    signal.alarm(40)\n"
        "    for what in (begun, calls):\n"
        "        try:\n            list(what)\n"
        "        except RuntimeError as error:\n            print('forked off' in str(error), flush=True)\n"
        "    print(len(list(new)), flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "print(len(list(begun)), len(list(calls)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, portal.webhook], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["True", "True", "70", "69", "69"], done.stderr


def test_items_are_taken_piece_by_piece(bitrix_portal):
    taken = []

    def items():
        number = 0
        while True:
            number += 1
            taken.append(number)
            yield {"id": number % 120 + 1}

    outcomes = Client(bitrix_portal.webhook, rate=None).call_each("crm.deal.get", items())
    first = [next(outcomes) for _ in range(6_000)]
    assert [one.key for one in first] == list(range(6_000))
    assert [one.value()["ID"] for one in first[5_000:5_010]] == [str((n + 1) % 120 + 1) for n in range(5_000, 5_010)]
    assert len(taken) <= 12_500
    outcomes.close()


def test_what_came_before_a_bad_item_comes_first(bitrix_portal):
    def items():
        yield from [{"id": 1}] * 5_000
        yield {"id": object()}

    come = []
    with pytest.raises(TypeError, match="object"):
        for outcome in Client(bitrix_portal.webhook, rate=None).call_each("crm.deal.get", items()):
            come.append(outcome.key)
    assert come == list(range(5_000))


def test_values_of_numpy_and_pandas_are_taken(make_bitrix_portal):
    import pandas

    portal = make_bitrix_portal(rows={"crm.deal": 9})
    client = Client(portal.webhook, rate=None)
    column = pandas.Series([2, 3, None])
    for ids in (column.dropna(), column.dropna().to_numpy(), range(2, 4)):
        rows = client.list("crm.deal.list", select=["ID"], filter={"@ID": ids})
        assert [row["ID"] for row in rows] == ["2", "3"]
    found = client.get_by_id("crm.deal.get", column.dropna())
    assert [outcome.result["ID"] for outcome in found] == ["2", "3"]
    with pytest.raises(ValueError, match="missing value"):
        client.get_by_id("crm.deal.get", column)
