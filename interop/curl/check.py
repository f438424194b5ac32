"""The portal as curl sees it: bytes, headers, statuses."""

import json
import re
import subprocess
import time

from checks import (
    DEALS, DEPARTMENTS, ITEMS, LAST, LEADS, SMART, TASKS, USERS, check, done, equal, lead_name, lead_title, origin, true,
    url,
)

class Reply:
    def __init__(self, said):
        self.heads = []
        # Heads of redirects and of 100 Continue come before the one that counts.
        while said.startswith(b"HTTP/"):
            head, _, said = said.partition(b"\r\n\r\n")
            self.heads.append(head.decode("latin-1"))
        self.version, self.status = re.match(r"HTTP/([\d.]+) (\d+)", self.heads[-1]).groups()
        self.status = int(self.status)
        self.headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in self.heads[-1].split("\r\n")[1:])
        }
        self.body = said.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def result(self):
        return self.json["result"]


def curl(*arguments):
    done_ = subprocess.run(["curl", "-sS", "-i", "-g", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done_.returncode != 0:
        raise RuntimeError(done_.stderr.decode().strip())
    return Reply(done_.stdout)


def call(method, *arguments, portal="portal", scheme="https"):
    return curl(url(portal, scheme) + method, *arguments)


def post(method, body, portal="portal", media_type="application/json"):
    text = body if isinstance(body, str) else json.dumps(body)
    return call(method, "-H", f"Content-Type: {media_type}", "--data-binary", text, portal=portal)


def error(reply):
    return reply.status, reply.json["error"], reply.json["error_description"]


@check("HTTP/2 is agreed on over TLS, and HTTP/1.1 where a client wants that")
def _():
    equal(call("profile").version, "2")
    equal(call("profile", "--http1.1").version, "1.1")


@check("HTTP/2 is spoken without TLS to a client that begins with it")
def _():
    equal(call("profile", "--http2-prior-knowledge", scheme="http").version, "2")
    equal(call("profile", scheme="http").version, "1.1")


@check("the certificate is good for the name and for the address, and not without its authority")
def _():
    address = url().replace("localhost", "127.0.0.1")
    equal(curl(f"{address}profile").status, 200)
    refused = subprocess.run(
        ["curl", "-sS", "--cacert", "/dev/null", "--capath", "/nonexistent", f"{url()}profile"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    true(refused.returncode in (60, 77), f"curl ended with {refused.returncode}")


@check("a reply carries the headers of the REST module and of the cloud, and no Retry-After")
def _():
    headers = call("profile").headers
    equal(headers["content-type"], "application/json; charset=utf-8")
    equal(headers["access-control-allow-origin"], "*")
    equal(headers["access-control-allow-headers"], "origin, content-type, accept")
    equal(headers["x-content-type-options"], "nosniff")
    true({"x-bitrix-rest-time", "x-bitrix-rest-user-time", "x-bitrix-rest-system-time"} <= headers.keys(), str(headers))
    true("retry-after" not in headers, str(headers))


@check("strings are escaped as PHP does it")
def _():
    body = call("crm.lead.get?id=4").body
    true(r'"NAME":"Имя 4 \u003Cb\u003E\u0026\u0022\u0027\/"' in body, body[:300])
    equal(json.loads(body)["result"]["NAME"], lead_name(4))


@check("the keys of an envelope come in their order, and start of time is an integer")
def _():
    reply = call("crm.lead.list?select[]=ID")
    equal(list(reply.json), ["result", "next", "total", "time"])
    spent = reply.json["time"]
    equal(list(spent)[:6], ["start", "finish", "duration", "processing", "date_start", "date_finish"])
    equal((type(spent["start"]), type(spent["processing"])), (int, int))


@check("every form of address leads to the method")
def _():
    for tail in ["crm.lead.get", "crm.lead.get/", "crm.lead.get.json", "crm.lead.get.json/", "CRM.Lead.GET"]:
        equal(call(f"{tail}?ID=7").result["TITLE"], "Lead 7")
    equal(curl(f"{origin()}/rest/crm.lead.get?id=7&aplogin=1&ap=demo").result["TITLE"], "Lead 7")


@check("parameters come in the query, a form, a multipart form or JSON, and mean the same")
def _():
    wanted = [{"ID": "3697", "TITLE": "Lead 3697"}, {"ID": "3700", "TITLE": "Lead 3700"}]
    query = "filter[>ID]=3694&select[]=ID&select[]=TITLE&order[ID]=ASC"
    encoded = query.replace("[", "%5B").replace("]", "%5D").replace(">", "%3E")
    equal(call(f"crm.lead.list?{encoded}").result, wanted)
    equal(call("crm.lead.list", "-d", query).result, wanted)
    equal(call("crm.lead.list", "-d", encoded).result, wanted)
    fields = [argument for field in query.split("&") for argument in ("-F", field)]
    equal(call("crm.lead.list", *fields).result, wanted)
    equal(
        post("crm.lead.list", {"filter": {">ID": 3694}, "select": ["ID", "TITLE"], "order": {"ID": "ASC"}}).result,
        wanted,
    )


@check("an address may be typed as it is read, over HTTP/1.1")
def _():
    for scheme in ["http", "https"]:
        tail = 'crm.lead.list?filter[>ID]=3694&filter[<ID]=3700&filter[NAME]=Имя 3697 <b>%26"\'/&select[]=ID'
        reply = call(tail.replace(" ", "+"), "--http1.1", scheme=scheme)
        equal(reply.result, [{"ID": "3697"}])


@check("the body wins over the query, key by key and not deeper")
def _():
    reply = post("crm.lead.list?filter[ID]=1&filter[STATUS_ID]=NEW&select[]=ID", {"filter": {"ID": 4}})
    equal(reply.result, [{"ID": "4"}])


@check("JSON that does not parse is no parameters and no error")
def _():
    equal(post("crm.lead.get?id=10", '{"id": 13').result["ID"], "10")


@check("XML is what it is in PHP")
def _():
    reply = call("batch.xml", "-d", "cmd[a]=crm.lead.list?filter[ID]=4%26select[]=TITLE")
    equal(reply.headers["content-type"], "text/xml; charset=utf-8")
    true(reply.body.startswith("<response><result><result><a><item><"), reply.body[:200])
    true("<TITLE>Lead 4</TITLE>" in reply.body, reply.body[:300])


@check("a preflight is answered without a method")
def _():
    reply = call("crm.lead.list", "-X", "OPTIONS")
    equal((reply.status, reply.headers["access-control-allow-origin"]), (200, "*"))


@check("a whole list comes page by page, each row once")
def _():
    for method, rows, wanted in [
        ("crm.lead.list?select[]=ID&order[ID]=ASC", lambda result: result, LEADS),
        ("crm.deal.list?select[]=ID", lambda result: result, DEALS),
        ("tasks.task.list?select[]=ID", lambda result: result["tasks"], TASKS),
        (f"crm.item.list?entityTypeId={SMART}&select[]=id", lambda result: result["items"], ITEMS),
        ("user.get?SORT=ID&ORDER=ASC", lambda result: result, USERS),
        ("department.get?", lambda result: result, DEPARTMENTS),
    ]:
        start, ids = 0, []
        while start is not None:
            reply = call(f"{method}&start={start}").json
            ids += [int(row.get("ID") or row["id"]) for row in rows(reply["result"])]
            start = reply.get("next")
        if isinstance(wanted, list):
            equal(ids, wanted)
        else:
            equal((len(set(ids)), len(ids), reply["total"]), (wanted, wanted, wanted))


@check("past its end a legacy list begins again, and a controller's is empty")
def _():
    reply = call("crm.lead.list?start=5000&select[]=ID&order[ID]=ASC").json
    equal((reply["result"][0], reply["next"], reply["total"]), ({"ID": "1"}, 50, 1234))
    reply = call(f"crm.item.list?entityTypeId={SMART}&start=5000").json
    equal((reply["result"]["items"], reply.get("next"), reply["total"]), ([], None, 120))


@check("start=-1 spares the count: total is 0 in legacy lists and absent in controllers'")
def _():
    reply = call("crm.lead.list?start=-1&select[]=ID").json
    equal((len(reply["result"]), reply["total"], "next" in reply), (50, 0, False))
    reply = call("tasks.task.list?start=-1&select[]=ID").json
    equal((len(reply["result"]["tasks"]), "total" in reply, "next" in reply), (50, False, False))


@check("an unknown field in a filter is nothing to a legacy list and an error to a controller")
def _():
    equal(call("crm.lead.list?filter[NO_SUCH]=1").json["total"], len(LEADS))
    reply = call(f"crm.item.list?entityTypeId={SMART}&filter[noSuch]=1")
    equal((reply.status, reply.json["error"]), (400, "INVALID_ARG_VALUE"))


@check("rows are added, changed, read and deleted")
def _():
    before = call("crm.lead.list?start=0").json["total"]
    added = post("crm.lead.add", {"fields": {"TITLE": "Новый & <bold>", "OPPORTUNITY": "10.25"}}).result
    true(isinstance(added, int) and added > LAST, f"{added!r}")
    equal(call(f"crm.lead.get?id={added}").result["TITLE"], "Новый & <bold>")
    equal(call(f"crm.lead.update?id={added}&fields[TITLE]=a%2Bb").result, True)
    equal(call(f"crm.lead.get?id={added}").result["TITLE"], "a+b")
    equal(call("crm.lead.list?start=0").json["total"], before + 1)
    equal(call(f"crm.lead.delete?id={added}").result, True)
    equal(error(call(f"crm.lead.get?id={added}")), (400, "", "Not found"))


def batch(commands, halt=0, portal="portal"):
    return post("batch", {"halt": halt, "cmd": commands}, portal=portal).result


@check("a command refers to the results of those before it")
def _():
    said = batch({
        "one": "crm.lead.list?filter[>ID]=100&order[ID]=ASC&select[]=ID&start=-1",
        "two": "crm.lead.list?filter[>ID]=$result[one][49][ID]&order[ID]=ASC&select[]=ID&start=-1",
        "lead": "crm.lead.get?id=%24result%5Btwo%5D%5B0%5D%5BID%5D",
        "glued": "crm.lead.list?filter[TITLE]=Lead $result[lead][ID]&select[]=ID",
    })
    equal([int(row["ID"]) for row in said["result"]["one"] + said["result"]["two"]], LEADS[34:134])
    equal(said["result"]["lead"]["TITLE"], lead_title(LEADS[84]))
    equal(said["result"]["glued"], [{"ID": str(LEADS[84])}])
    equal(said["result_error"], [])
    equal(said["result_total"], {"one": 0, "two": 0, "glued": 1})
    equal(said["result_next"], [])
    equal(list(said["result_time"]), ["one", "two", "lead", "glued"])


@check("a chain's dangling reference brings the first page again, without an error")
def _():
    said = batch([
        "crm.lead.list?filter[>ID]=3600&order[ID]=ASC&select[]=ID&start=-1",
        "crm.lead.list?filter[>ID]=$result[0][49][ID]&order[ID]=ASC&select[]=ID&start=-1",
    ])
    equal([len(page) for page in said["result"]], [34, 50])
    # (int) of an array with rows is 1.
    equal(said["result"][1][0], {"ID": "4"})


@check("results of a list of commands are a list, and an object where one is missing in front")
def _():
    equal([lead["ID"] for lead in batch(["crm.lead.get?id=1", "crm.lead.get?id=4"])["result"]], ["1", "4"])
    said = batch(["crm.lead.get?id=2", "crm.lead.get?id=4"])
    equal((list(said["result"]), said["result_error"]), (["1"], [{"error": "", "error_description": "Not found"}]))


@check("halt ends a batch after its first error, whatever halt is called")
def _():
    commands = {"a": "crm.lead.get?id=1", "b": "no.such?", "c": "crm.lead.get?id=4"}
    for halt, ran in [(1, ["a"]), ("N", ["a"]), ("false", ["a"]), (0, ["a", "c"]), ("0", ["a", "c"]), ("", ["a", "c"])]:
        said = batch(commands, halt)
        equal(list(said["result"]), ran)
        equal(said["result_error"]["b"]["error"], "ERROR_METHOD_NOT_FOUND")


@check("the first fifty commands run, and those after them are refused one by one")
def _():
    said = batch({f"c{place}": f"crm.lead.get?id={3 * place + 1}" for place in range(53)})
    equal(len(said["result"]), 50)
    equal(
        said["result_error"],
        {
            f"c{place}": {"error": "ERROR_BATCH_LENGTH_EXCEEDED", "error_description": "Max batch length exceeded"}
            for place in range(50, 53)
        },
    )


@check("a batch in a batch is refused, and what is no command is passed over")
def _():
    said = batch({"in": "batch?cmd[a]=profile", "object": {"method": "profile"}, "good": "crm.lead.get?id=1"})
    equal(said["result_error"]["in"]["error"], "ERROR_BATCH_METHOD_NOT_ALLOWED")
    equal((list(said["result"]), list(said["result_error"])), (["good"], ["in"]))


@check("a batch without commands is five empty arrays")
def _():
    parts = ["result", "result_error", "result_total", "result_next", "result_time"]
    equal(call("batch").result, {part: [] for part in parts})


@check("an unknown method is 404, even to those who may not call at all")
def _():
    wanted = (404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
    equal(error(call("no.such.method")), wanted)
    equal(error(curl(f"{origin()}/rest/1/wrong/no.such.method")), wanted)


@check("who presents nothing, a wrong webhook, a stale token or too little scope is told so")
def _():
    rest = f"{origin()}/rest"
    equal(error(curl(f"{rest}/crm.lead.list")), (401, "NO_AUTH_FOUND", "Wrong authorization data"))
    equal(error(curl(f"{rest}/1/wrong/crm.lead.list")), (401, "INVALID_CREDENTIALS", "Invalid request credentials"))
    stale = curl(f"{rest}/crm.lead.list?auth=old-token")
    equal(error(stale), (401, "expired_token", "The access token provided has expired"))
    narrow = curl(f"{rest}/1/narrow/crm.lead.list")
    equal((narrow.status, narrow.json["error"]), (401, "insufficient_scope"))
    equal(len(curl(f"{rest}/1/narrow/user.get").result), USERS)


@check("a token comes in a header, in the query or in the body")
def _():
    rest = f"{origin()}/rest/crm.lead.get"
    equal(curl(f"{rest}?id=1", "-H", "Authorization: Bearer good-token").result["ID"], "1")
    equal(curl(f"{rest}?id=1&auth=good-token").result["ID"], "1")
    equal(curl(f"{rest}?id=1", "-d", "access_token=good-token").result["ID"], "1")
    # The header is heard first.
    equal(curl(f"{rest}?id=1&auth=good-token", "-H", "Authorization: Bearer old-token").status, 401)
    equal(curl(f"{rest}?id=1&auth=good-token").headers["x-bitrix-rest-application"], "local.interop")


@check("a portal that was renamed answers 302 to the same path at its new address")
def _():
    reply = call("profile", portal="moved")
    equal((reply.status, reply.headers["location"]), (302, f"{url()}profile"))
    equal(call("profile", "-L", portal="moved").result["ID"], "1")


@check("the bucket refuses with 503 to the byte, and lets through what leaks")
def _():
    addresses = [argument for _ in range(12) for argument in (f"{url('limited', 'http')}crm.lead.get?id=1", "-o", "-")]
    said = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code}\n", *addresses], stdout=subprocess.PIPE, check=True
    ).stdout.decode().splitlines()
    statuses = said[1::2]
    refused = statuses.count("503")
    true(statuses[:5] == ["200"] * 5 and refused >= 1, f"{statuses}")
    bodies = {body for body, status in zip(said[::2], statuses) if status == "503"}
    equal(bodies, {'{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many requests"}'})
    time.sleep(0.3)
    equal(call("crm.lead.get?id=1", portal="limited", scheme="http").status, 200)


@check("a method that used up its time is blocked with 429, alone and in a batch, and others are not")
def _():
    used = [call("crm.lead.get?id=1", portal="operating").json["time"]["operating"] for _ in range(2)]
    true(0.15 <= used[0] < used[1] and used[1] >= 0.3, f"{used}")
    refused = call("crm.lead.get?id=1", portal="operating")
    equal(error(refused), (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."))
    true("time" not in refused.json and "retry-after" not in refused.headers, refused.body)
    equal(call("crm.contact.get?id=1", portal="operating").status, 200)
    # Commands of webhooks are charged to nobody in particular, apart from direct calls.
    said = batch([f"crm.lead.get?id={lead}" for lead in LEADS[:4]], portal="operating")
    equal(len(said["result"]), 4)
    said = batch(["crm.lead.get?id=1", "crm.contact.get?id=1"], portal="operating")
    equal([list(said["result"]), said["result_error"][0]["error"]], [["1"], "OPERATION_TIME_LIMIT"])


done()
