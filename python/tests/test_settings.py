"""What a client is set up with, and the clients that are made of it."""

import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from brimful import BrimfulError, Client, ConfigError


def test_a_deadline_ends_calls_and_lists(kind, bitrix_portal):
    client = kind.client(bitrix_portal.webhook, rate=None)
    bitrix_portal.set_faults("latency=30s")
    began = time.monotonic()
    hasty = client.with_deadline(0.3)
    for wait in (
        lambda: kind.run(hasty.call("profile")),
        lambda: kind.all(hasty.list("crm.deal.list")),
        lambda: kind.run(hasty.rest3.call("tasks.task.list")),
    ):
        with pytest.raises(BrimfulError) as caught:
            wait()
        assert caught.value.kind == "Deadline"
    assert time.monotonic() - began < 15
    bitrix_portal.set_faults("")
    assert kind.run(client.call("profile"))
    # It is counted from the time at which it was set, and is over.
    with pytest.raises(BrimfulError):
        kind.run(hasty.call("profile"))


def test_a_call_is_given_up_after_a_time(kind, bitrix_portal):
    bitrix_portal.set_faults("503")
    client = kind.client(bitrix_portal.webhook, rate=None, give_up_after=0.5)
    began = time.monotonic()
    with pytest.raises(BrimfulError):
        kind.run(client.call("profile"))
    assert time.monotonic() - began < 15


def test_clients_of_other_priorities_share_limits_and_counts(kind, make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 3}, rate=(5, 2.0))
    client = kind.client(portal.webhook, rate=(5, 2.0))
    for other in (client.with_priority("low"), client.with_priority("high"), client.job()):
        assert type(other) is type(client)
        assert kind.run(other.call("profile"))
    assert client.stats["requests"] == 3
    limits = client.limits()
    assert (limits.burst, limits.per_second, limits.in_flight, limits.waiting) == (5, 2.0, 0, 0)
    assert limits.free < 5 and limits.operating_limit == 480
    assert limits.methods["profile"].operating >= 0
    with pytest.raises(ValueError, match='^priority is "urgent"'):
        client.with_priority("urgent")


def test_another_client_of_the_portal_shares_the_rate(kind, make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 3}, rate=(5, 2.0))
    first = kind.client(portal.webhook, rate=(5, 2.0))
    second = kind.client(portal.webhook, limits_of=first)
    assert second.limits().burst == 5
    with first.slow(1):
        assert second.limits().most_in_flight == 1
        assert kind.run(second.call("profile"))
    assert second.limits().most_in_flight is None
    with pytest.raises(ValueError, match="^limits_of "):
        kind.client(portal.webhook, limits_of=first, rate=(250, 5.0))
    with pytest.raises(TypeError, match="^limits_of "):
        kind.client(portal.webhook, limits_of=portal)


def test_fewer_requests_at_once_are_those_of_all(kind, bitrix_portal):
    client = kind.client(bitrix_portal.webhook, rate=None)
    with client.slow(2):
        assert client.with_priority("low").limits().most_in_flight == 2
    assert client.limits().most_in_flight is None


def test_replies_are_kept_until_a_write(kind, bitrix_portal):
    client = kind.client(bitrix_portal.webhook, rate=None, cache={"crm.deal.get": 600, "user.get": (5, 10)})
    for _ in range(3):
        deal = kind.run(client.call("crm.deal.get", {"id": 5}))
    assert bitrix_portal.stats["methods"]["crm.deal.get"] == 1
    kind.run(client.call("crm.deal.update", {"id": 5, "fields": {"TITLE": "changed"}}))
    assert kind.run(client.call("crm.deal.get", {"id": 5}))["TITLE"] == "changed" != deal["TITLE"]
    with pytest.raises(ConfigError, match="cannot be cached"):
        kind.client(bitrix_portal.webhook, cache={"crm.deal.add": 5})


def test_fields_are_told_with_their_kinds_and_choices(kind, bitrix_portal):
    client = kind.client(bitrix_portal.webhook, rate=None)
    fields = kind.run(client.fields("crm.deal"))
    assert list(fields)[0] == "ID" and fields["ID"].kind == "integer" and fields["ID"].is_read_only
    assert fields["STAGE_ID"].kind == "status" and fields["STAGE_ID"].status_type
    assert fields["OPPORTUNITY"].properties["type"] == fields["OPPORTUNITY"].type_name
    assert kind.run(client.fields("crm.deal.list")) == fields
    choices = [field.choices for field in fields.values() if field.kind == "enumeration"]
    assert any(choice.id and choice.value for group in choices for choice in group)
    with pytest.raises(BrimfulError):
        kind.run(client.fields("no.such"))


def test_items_of_a_list_are_fetched_while_it_is_read(kind, bitrix_portal):
    client = kind.client(bitrix_portal.webhook, rate=None)
    found = kind.all(client.list_and_get("crm.deal.list", "crm.deal.get", filter={">ID": 100}))
    assert [one.key for one in found] == [str(number) for number in range(101, 121)]
    assert [one.value()["ID"] for one in found] == [one.key for one in found]
    with pytest.raises(ConfigError, match="stage_id"):
        kind.all(client.list_and_get("crm.deal.list", "crm.deal.get", filter={"stage_id": "NEW"}))


def test_parameters_are_sent_unchecked_where_that_is_wanted(kind, bitrix_portal):
    misspelt = {"filtr": {"ID": 1}}
    with pytest.raises(ConfigError, match="filtr"):
        kind.run(kind.client(bitrix_portal.webhook, rate=None).call("crm.deal.list", misspelt))
    client = kind.client(bitrix_portal.webhook, rate=None, check_parameters=False)
    assert len(kind.run(client.call("crm.deal.list", misspelt))) == 50


def test_a_call_that_may_run_twice_is_sent_again(kind, bitrix_portal):
    client = kind.client(bitrix_portal.webhook, rate=None)
    kind.run(client.call("profile"))
    bitrix_portal.set_faults("reset-after on=crm.deal.update times=1")
    given = {"id": 5, "fields": {"TITLE": "x"}}
    with pytest.raises(BrimfulError) as caught:
        kind.run(client.call("crm.deal.update", given))
    assert caught.value.execution == "unknown"
    bitrix_portal.set_faults("reset-after on=crm.deal.update times=1")
    assert kind.run(client.call("crm.deal.update", given, idempotent=True)) is True


def test_references_are_left_to_the_portal(kind, bitrix_portal):
    client = kind.client(bitrix_portal.webhook, rate=None)
    commands = {
        "deal": ("crm.deal.get", {"id": 5}),
        "change": ("crm.deal.update", {"id": "$result[deal][ID]", "fields": {"TITLE": "x"}}),
    }
    for references, requests in (("portal", 1), ("client", 2)):
        before = client.stats["requests"]
        outcomes = kind.run(client.batch(commands, references=references))
        assert outcomes["change"].value() is True
        assert client.stats["requests"] - before == requests
    with pytest.raises(ValueError, match="^references "):
        kind.run(client.batch(commands, references="both"))


def test_a_list_is_counted_and_its_new_rows_are_left_out(kind, make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 300})
    client = kind.client(portal.webhook, rate=None)
    rows = client.list("crm.deal.list", select=["ID"], verify=True, tail=False)
    assert len(kind.all(rows)) == 300
    assert rows.report.verification.ranges > 0 and rows.report.verification.differences == []
    assert abs(rows.report.as_of - time.time()) < 3600


def test_a_client_that_is_closed_calls_nothing(kind, bitrix_portal):
    if kind.client is Client:
        with Client(bitrix_portal.webhook, rate=None) as client:
            other = client.with_priority("low")
            assert client.call("profile")
    else:

        async def enter():
            async with kind.client(bitrix_portal.webhook, rate=None) as client:
                assert await client.call("profile")
                return client, client.with_priority("low")

        client, other = kind.run(enter())
    with pytest.raises(ConfigError, match="the client is closed"):
        kind.run(client.call("profile"))
    assert kind.run(other.call("profile"))
    client.close()


class Proxy(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["User-Agent"]))
        body = b'{"result": {"ID": "7"}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def proxy():
    server = HTTPServer(("127.0.0.1", 0), Proxy)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_requests_go_through_a_proxy_by_name(kind, proxy):
    client = kind.client(
        "http://portal.test/rest/1/demo/",
        proxy=f"http://127.0.0.1:{proxy.server_port}",
        user_agent="our bot",
        rate=None,
    )
    assert kind.run(client.call("profile")) == {"ID": "7"}
    path, agent = proxy.asked[0]
    assert path.startswith("http://portal.test/rest/1/demo/profile") and agent == "our bot"


@pytest.mark.parametrize(
    "name, value, error",
    [
        ("give_up_after", 0, ValueError),
        ("connect_timeout", "1", TypeError),
        ("proxy", True, TypeError),
        ("proxy", "", ValueError),
        ("cache", ["crm.status.list"], TypeError),
        ("cache", {"crm.status.list": 0}, ValueError),
        ("cache", {"crm.status.list": (5, 0)}, ValueError),
        ("max_reply", 0, ValueError),
        ("ca_file", 5, TypeError),
        ("user_agent", "", ValueError),
        ("limits_of", 5, TypeError),
    ],
)
def test_settings_that_make_no_sense(name, value, error):
    with pytest.raises(error, match=rf"^{name}\b"):
        Client("https://example.bitrix24.ru/rest/1/code/", **{name: value})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_clients_made_of_others_go_on_in_a_forked_process(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 70}, apps={"local.app": "s3cret"})
    program = (
        "import os, sys, brimful\n"
        "client = brimful.Client(sys.argv[1], rate=None, cache={'profile': 60})\n"
        "low = client.with_priority('low').with_deadline(60)\n"
        "second = brimful.Client(sys.argv[1], limits_of=client)\n"
        "low.call('profile'), second.call('profile'), low.rest3\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    rows = low.list('crm.deal.list', select=['ID'])\n"
        "    os._exit(sum(1 for _ in rows) if second.call('profile') else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, portal.webhook], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "70\n", done.stderr
