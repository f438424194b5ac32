"""Threads, loops, forks, signals, tokens, leaks: what programs do to a client."""

import asyncio
import gc
import http.server
import json
import logging
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from brimful import AsyncClient, BrimfulError, Client
from brimful.fast_bitrix24 import Bitrix, BitrixAsync, ErrorInServerResponseException

ONLY_POSIX = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has neither")


def in_threads(count, work):
    gave = []
    threads = [threading.Thread(target=lambda: gave.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return gave


def test_one_bitrix_serves_many_threads(bitrix_portal):
    b24 = Bitrix(bitrix_portal.webhook, verbose=False)

    def work():
        rows = len(b24.get_all("crm.deal.list", {"select": ["ID"]}))
        deals = len(b24.get_by_ID("crm.deal.get", [1, 2, 3]))
        return rows, deals, b24.call("crm.deal.get", {"id": 5})["order0000000000"]["ID"]

    assert in_threads(8, work) == [(120, 3, "5")] * 8


def test_one_bitrix_async_serves_loop_after_loop_and_loops_of_threads(bitrix_portal):
    b24 = BitrixAsync(bitrix_portal.webhook, verbose=False)

    async def view():
        return len(await b24.get_all("crm.deal.list", {"select": ["ID"]}))

    # As an asynchronous view of Django is run for each request.
    assert [asyncio.run(view()) for _ in range(3)] == [120] * 3
    assert in_threads(4, lambda: asyncio.run(view())) == [120] * 4


def test_many_lists_of_one_async_client_are_read_at_once(bitrix_portal):
    async def run():
        client = AsyncClient(bitrix_portal.webhook, rate=None)

        async def count(entity):
            return len([row async for row in client.list(f"{entity}.list", select=["ID"])])

        return await asyncio.gather(*[count("crm.deal"), count("crm.lead")] * 10)

    assert asyncio.run(run()) == [120] * 20


def test_the_calls_of_bitrix_give_results_in_a_notebook(bitrix_portal):
    async def cell():
        b24 = Bitrix(bitrix_portal.webhook, verbose=False)
        deals = b24.get_by_ID("crm.deal.get", [1, 2])
        return list(deals), b24.call("crm.deal.get", {"id": 5}, raw=True)["result"]["ID"]

    assert asyncio.run(cell()) == (["1", "2"], "5")


@ONLY_POSIX
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_client_that_was_used_before_a_fork_works_after_it(bitrix_portal):
    # As workers of gunicorn do with a client of the module.
    b24 = Bitrix(bitrix_portal.webhook, verbose=False)
    assert len(b24.get_all("crm.deal.list", {"select": ["ID"]})) == 120
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()

    def worker():
        answers.put(len(b24.get_all("crm.deal.list", {"select": ["ID"]})))

    workers = [fork.Process(target=worker) for _ in range(3)]
    for one in workers:
        one.start()
    assert [answers.get(timeout=30) for _ in workers] == [120] * 3
    for one in workers:
        one.join(timeout=30)
    assert len(b24.get_all("crm.deal.list", {"select": ["ID"]})) == 120


@ONLY_POSIX
@pytest.mark.parametrize(
    "work",
    [
        "brimful.Client(url).list('crm.deal.list').to_arrow()",
        "pyarrow.table(brimful.Client(url).list('crm.deal.list'))",
        "brimful.fast_bitrix24.Bitrix(url, verbose=False).get_all('crm.deal.list')",
        "asyncio.run(brimful.AsyncClient(url).call('profile'))",
        "list(brimful.Client(url).call_each('crm.deal.get', [{'id': 1}] * 60))",
    ],
)
def test_ctrl_c_ends_whatever_waits_at_once(make_bitrix_portal, work):
    portal = make_bitrix_portal(rows={"crm.deal": 5})
    portal.set_faults("latency=60s")
    program = (
        "import asyncio, brimful, brimful.fast_bitrix24, pyarrow, signal, sys, time\n"
        # A program that is started in the background may have been told to ignore it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "url = sys.argv[1]\n"
        f"try:\n    {work}\n"
        "except BaseException as error:\n    print(type(error).__name__, time.time())\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, portal.webhook], stdout=subprocess.PIPE, text=True
    )
    while portal.stats["requests"] == 0 and child.poll() is None:
        time.sleep(0.02)
    sent = time.time()
    child.send_signal(signal.SIGINT)
    name, at = child.communicate(timeout=50)[0].split()
    assert name == "KeyboardInterrupt"
    assert float(at) - sent < 5


def megabytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="it tells the memory used")
def test_memory_and_objects_stay_what_they_are_over_200_lists(bitrix_portal):
    client = Client(bitrix_portal.webhook, rate=None)

    def work():
        for row in client.list("crm.deal.list", select=["ID", "TITLE"]):
            assert row["ID"]
        assert client.list("crm.deal.list", select=["ID"]).to_arrow().num_rows == 120
        # Lists that are left half read, and calls that fail.
        next(client.list("crm.deal.list", select=["ID"]))
        with pytest.raises(BrimfulError):
            client.call("crm.deal.get", {"id": 99_999})

    for _ in range(60):
        work()
    # A leak grows in each period. What else happens in the process (threads that end, arenas
    # that the allocator keeps) grows in some.
    growth = []
    for _ in range(3):
        gc.collect()
        objects, memory = len(gc.get_objects()), megabytes()
        for _ in range(200):
            work()
        gc.collect()
        growth.append((len(gc.get_objects()) - objects, megabytes() - memory))
    assert min(objects for objects, _ in growth) < 100
    assert min(memory for _, memory in growth) < 10


def test_a_failed_call_keeps_no_reference_to_its_parameters(bitrix_portal):
    class Params(dict):
        pass

    client = Client(bitrix_portal.webhook, rate=None)
    params = Params(id=99_999)
    before = sys.getrefcount(params)
    with pytest.raises(BrimfulError):
        client.call("crm.deal.get", params)
    gc.collect()
    assert sys.getrefcount(params) == before


@pytest.fixture
def guarded():
    """A portal for which the first token expires after one call, and the tokens that it has seen."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            told = f"{self.path} {body} {self.headers.get('Authorization')}"
            seen.extend(re.findall(r"token-\d", told))
            if "token-2" in told or seen == ["token-1"]:
                status, reply = 200, {"result": {"ID": "1"}, "time": {}}
            else:
                status, reply = 401, {"error": "expired_token", "error_description": "expired"}
            text = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


def test_a_function_gives_the_token_and_a_new_one_when_it_is_refused(guarded):
    address, seen = guarded
    tokens = iter(["token-1", "token-2"])
    client = Client(address, rate=None, token=lambda: next(tokens))
    assert [client.call("profile") for _ in range(3)] == [{"ID": "1"}] * 3
    assert seen == ["token-1", "token-1", "token-2", "token-2"]


@pytest.mark.parametrize("path", ["/", "/rest/"])
def test_token_func_of_bitrix_is_awaited(guarded, path):
    address, seen = guarded
    tokens = iter(["token-1", "token-2"])

    async def token_func():
        await asyncio.sleep(0)
        return next(tokens)

    b24 = Bitrix(address + path, token_func, verbose=False)
    for _ in range(2):
        assert b24.call("profile", raw=True)["result"] == {"ID": "1"}
    assert seen == ["token-1", "token-1", "token-2"]


def test_token_func_of_bitrix_async_runs_in_the_loop_of_the_program(guarded):
    address, _ = guarded
    tokens = iter(["token-1", "token-2"])

    async def run():
        loop = asyncio.get_running_loop()
        loops = []

        async def token_func():
            loops.append(asyncio.get_running_loop())
            return next(tokens)

        b24 = BitrixAsync(f"{address}/rest/", token_func=token_func, verbose=False)
        for _ in range(2):
            assert (await b24.call("profile", raw=True))["result"] == {"ID": "1"}
        return set(loops) == {loop}

    assert asyncio.run(run())


def test_a_token_that_is_never_accepted_is_an_error_and_no_endless_loop(guarded):
    address, seen = guarded

    async def token_func():
        return "token-3"

    with pytest.raises(ErrorInServerResponseException, match="expired"):
        Bitrix(f"{address}/rest/", token_func, verbose=False).call("profile", raw=True)
    assert len(seen) < 10


def test_verbose_shows_a_bar_and_quiet_shows_none(bitrix_portal, capsys):
    items = [{"id": number} for number in range(1, 61)]
    for verbose in (True, False):
        b24 = Bitrix(bitrix_portal.webhook, verbose=verbose)
        b24.get_all("crm.deal.list", {"select": ["ID"]})
        b24.call("crm.deal.get", items)
        b24.get_by_ID("crm.deal.get", range(1, 61))
        shown = capsys.readouterr().err
        assert ("120/120" in shown and "60/60" in shown) if verbose else shown == ""


def test_what_comes_in_one_page_shows_no_bar(bitrix_portal, capsys):
    b24 = Bitrix(bitrix_portal.webhook)
    assert len(b24.get_all("crm.deal.list", {"filter": {"<=ID": 50}})) == 50
    b24.call("crm.deal.get", [{"id": 7}, {"id": 8}])
    assert capsys.readouterr().err == ""


def test_a_certificate_that_nobody_vouches_for_is_refused_unless_ssl_is_false():
    program = [sys.executable, "-m", "brimful", "portal", "--tls", "--port", "0", "--rows", "crm.deal=3"]
    portal = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        webhook = portal.stdout.readline().strip()
        assert webhook.startswith("https://")
        with pytest.raises(BrimfulError, match="certificate"):
            Client(webhook, attempts=1).call("profile")
        b24 = Bitrix(webhook, verbose=False, ssl=False)
        assert len(b24.get_all("crm.deal.list", {"select": ["ID"]})) == 3
    finally:
        portal.kill()
        portal.communicate()


def test_calls_are_logged_without_the_secret(bitrix_portal, caplog):
    caplog.set_level(logging.DEBUG, "fast_bitrix24")
    b24 = Bitrix(bitrix_portal.webhook, verbose=False)
    b24.get_all("crm.deal.list", {"select": ["ID"]})
    b24.get_by_ID("crm.deal.get", [1, 2])
    b24.call("crm.deal.get", {"id": 1})
    b24.call("profile", raw=True)
    said = caplog.text
    for words in ("get_all crm.deal.list", "get_by_ID crm.deal.get, 2 IDs", "1 items", "profile, raw"):
        assert words in said
    assert "/rest/1/demo" not in said
