#!/usr/bin/env python3
"""Python clients side by side in one run: processor time, memory, and how near a list comes to the ideal time.

    bench/python.py [import] [cpu] [limit] [memory]

cpu: 100,000 leads of 12 fields from an emulator without limits, by brimful to Arrow, to dictionaries and by its
fast_bitrix24, by fast_bitrix24, b24pysdk and b24api. limit: 200,000 leads at a burst of 50 and 2 requests a second, by
brimful and by fast_bitrix24. memory: 1,000,000 leads, iterated by brimful. import: what `import brimful` takes.

Each client reads in a process of its own, over TLS because b24pysdk knows nothing else. What is told of it is the
processor time of its own process, imports left out, and the most memory that it had. Needs Python 3.12 for b24api.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "target" / "python-bench"
PYTHON = PLACE / "bin" / "python"
OTHERS = ["fast-bitrix24==1.8.14", "b24pysdk==1.3.2", "b24api==2.5.2", "pyarrow==26.0.1"]
FIELDS = [
    "ID", "TITLE", "NAME", "LAST_NAME", "STATUS_ID", "SOURCE_ID",
    "ASSIGNED_BY_ID", "CREATED_BY_ID", "DATE_CREATE", "DATE_MODIFY", "OPPORTUNITY", "CURRENCY_ID",
]  # fmt: skip

BEFORE = """
import asyncio, json, os, resource, sys, time
webhook, fields, limited = sys.argv[1], sys.argv[2].split(","), sys.argv[3] == "limited"
rate = (50, 2.0) if limited else None
params = {"select": fields}
"""
MEASURE = """
def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

before, began = used(), time.monotonic()
count = work()
after = used()
print(json.dumps({"rows": count, "cpu": after[0] - before[0], "wall": time.monotonic() - began,
                  "memory": after[1], "grown": after[1] - before[1]}))
"""
CLIENTS = {
    "brimful to Arrow": """
import brimful, pyarrow
def work():
    return brimful.Client(webhook, rate=rate).list("crm.lead.list", params).to_arrow().num_rows
""",
    "brimful to dicts": """
import brimful
def work():
    return len(list(brimful.Client(webhook, rate=rate).list("crm.lead.list", params)))
""",
    "brimful, iterated": """
import brimful
def work():
    return sum(1 for _ in brimful.Client(webhook, rate=rate).list("crm.lead.list", params))
""",
    "brimful.fast_bitrix24": """
from brimful.fast_bitrix24 import Bitrix
def work():
    more = {} if limited else {"request_pool_size": 100_000, "requests_per_second": 100_000.0}
    return len(Bitrix(webhook, verbose=False, **more).get_all("crm.lead.list", params))
""",
    "fast_bitrix24": """
from fast_bitrix24 import Bitrix
def work():
    more = {} if limited else {"request_pool_size": 100_000, "requests_per_second": 100_000.0}
    return len(Bitrix(webhook, verbose=False, **more).get_all("crm.lead.list", params))
""",
    "b24pysdk call_list_fast": """
from urllib.parse import urlparse
from b24pysdk import BitrixWebhook
def work():
    address = urlparse(webhook)
    token = BitrixWebhook(domain=address.netloc, webhook_token=address.path.removeprefix("/rest/").strip("/"))
    return len(list(token.call_list_fast("crm.lead.list", params)["result"]))
""",
    "b24api iter_list_keyset": """
from b24api import Bitrix24, Request
async def read():
    async with Bitrix24.from_webhook(webhook) as client:
        return len([row async for row in client.iter_list_keyset(Request.bare("crm.lead.list", params))])
def work():
    return asyncio.run(read())
""",
}


class Portal:
    """An emulator in a process of its own."""

    def __init__(self, rows, limited):
        self.folder = tempfile.TemporaryDirectory()
        self.authority = os.path.join(self.folder.name, "ca.pem")
        limit = ["--limit", "50,2"] if limited else ["--limit", "off", "--limiter", "off"]
        command = [PYTHON, "-m", "brimful", "portal", "--port", "0", "--tls", "--tls-ca", self.authority,
                   "--rows", f"crm.lead={rows}", *limit]  # fmt: skip
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.webhook = self.process.stdout.readline().strip().replace("127.0.0.1", "localhost")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()


def run(name, portal, limited=False):
    """What a client says of its run, or the last line of its error."""
    environment = {
        **os.environ,
        "SSL_CERT_FILE": portal.authority,
        "REQUESTS_CA_BUNDLE": portal.authority,
    }
    words = [portal.webhook, ",".join(FIELDS), "limited" if limited else "free"]
    done = subprocess.run(
        [PYTHON, "-c", BEFORE + CLIENTS[name] + MEASURE, *words],
        capture_output=True, text=True, env=environment, cwd=portal.folder.name, timeout=1800,
    )  # fmt: skip
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["it failed"])[-1][:150]
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure_import():
    for name in ("brimful", "fast_bitrix24", "b24pysdk", "b24api"):
        program = f"import time; t = time.perf_counter(); import {name}; print(time.perf_counter() - t)"
        took = min(float(subprocess.check_output([PYTHON, "-c", program])) for _ in range(10))
        print(f"  import {name}: {took * 1000:.0f} ms")


def measure_cpu(rows=100_000, times=3):
    print(f"{rows:,} leads of {len(FIELDS)} fields, without limits, the best of {times} runs")
    best = {}
    for name in CLIENTS:
        if name == "brimful, iterated":
            continue
        for _ in range(times):
            with Portal(rows, False) as portal:
                told = run(name, portal)
            if isinstance(told, str):
                print(f"  {name}: {told}")
                break
            if name not in best or told["cpu"] < best[name]["cpu"]:
                best[name] = told
    for name, told in best.items():
        rate = told["rows"] / told["cpu"]
        against = rate / (best["fast_bitrix24"]["rows"] / best["fast_bitrix24"]["cpu"])
        print(
            f"  {name:24} {told['rows']:>7,} rows  {rate:>9,.0f} rows per CPU second "
            f"({against:.1f} x fast_bitrix24)  {told['wall']:.1f} s  {told['memory']:.0f} MiB"
        )


def measure_limit(rows=200_000):
    # A page has 50 rows, a batch 50 pages.
    requests = rows / 2_500 + 1
    ideal = (requests - 50) / 2
    print(f"{rows:,} leads at a burst of 50 and 2 requests a second; ideal is {ideal:.1f} s")
    for name in ("brimful to Arrow", "brimful, iterated", "fast_bitrix24"):
        with Portal(rows, True) as portal:
            told = run(name, portal, limited=True)
        if isinstance(told, str):
            print(f"  {name:24} {told}")
        else:
            print(f"  {name:24} {told['rows']:>7,} rows  {told['wall']:.1f} s")


def measure_memory(rows=1_000_000):
    print(f"{rows:,} leads of {len(FIELDS)} fields, iterated")
    with Portal(rows, False) as portal:
        told = run("brimful, iterated", portal)
    print(f"  brimful: {told['rows']:,} rows, {told['grown']:.0f} MiB above the interpreter with its imports, "
          f"{told['wall']:.1f} s")  # fmt: skip


def prepare():
    if not PYTHON.exists():
        subprocess.run(["python3.12", "-m", "venv", PLACE], check=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "maturin==1.16.0", *OTHERS], check=True)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target")}
    command = [PLACE / "bin" / "maturin", "build", "--quiet", "--release", "--out", PLACE / "wheels",
               "--manifest-path", ROOT / "python" / "Cargo.toml"]  # fmt: skip
    subprocess.run(command, check=True, env=environment)
    wheels = sorted((PLACE / "wheels").glob("*.whl"), key=os.path.getmtime)
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", wheels[-1]]
    subprocess.run(command, check=True)
    print(f"the wheel has {wheels[-1].stat().st_size / 1e6:.1f} MB")


def main():
    measures = {"import": measure_import, "cpu": measure_cpu, "limit": measure_limit, "memory": measure_memory}
    prepare()
    for name in sys.argv[1:] or measures:
        measures[name]()


if __name__ == "__main__":
    main()
