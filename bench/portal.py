#!/usr/bin/env python3
"""The emulator's own numbers: durable writes, kills, memory of stored rows, and the time to start.

    cargo build --release
    bench/portal.py [start] [writes] [kills] [rows]

start: the time from the start of the process to its first answer, with 10,000,000 made-up rows. writes: leads added a
second with --data, in batches of 50 over 8 connections; each is on the disk when it is answered. kills: the same, with
the portal killed by SIGKILL at 20 random moments; after each restart every lead that was answered must be there, once.
rows: memory with 1,000,000 loaded leads of 12 fields.

Nothing is asserted but that no answered write is lost: that ends with exit code 1.
"""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("BRIMFUL", str(ROOT / "target" / "release" / "brimful"))
CONNECTIONS = 8
COMMANDS = 50


class Portal:
    """An emulator without limits, in a process of its own."""

    def __init__(self, *options):
        command = [PROGRAM, "portal", "--port", "0", "--limit", "off", "--limiter", "off", *options]
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            sys.exit(f"the portal did not start: {self.process.stderr.read().strip()}")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self.host = self.url.split("/")[2]
        self.path = "/" + self.url.split("/", 3)[3]

    def call(self, method, params, connection=None):
        own = connection or http.client.HTTPConnection(self.host, timeout=60)
        own.request("POST", f"{self.path}{method}.json", json.dumps(params), {"Content-Type": "application/json"})
        reply = json.loads(own.getresponse().read())
        if not connection:
            own.close()
        return reply

    def memory(self):
        """MiB that the process has now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.process.stdout.close()


class Writers:
    """Connections that add leads until the portal is gone, or for a while."""

    def __init__(self, portal, name):
        self.portal, self.name = portal, name
        self.answered, self.running = [[] for _ in range(CONNECTIONS)], True
        self.threads = [threading.Thread(target=self.add, args=(number,)) for number in range(CONNECTIONS)]
        for thread in self.threads:
            thread.start()

    def add(self, number):
        connection = http.client.HTTPConnection(self.portal.host, timeout=60)
        wave = 0
        try:
            while self.running:
                titles = [f"{self.name}-{number}-{wave}-{place}" for place in range(COMMANDS)]
                commands = {f"add{place}": f"crm.lead.add?fields[TITLE]={title}" for place, title in enumerate(titles)}
                reply = self.portal.call("batch", {"cmd": commands}, connection)
                results = reply["result"]["result"]
                self.answered[number] += [(results[f"add{place}"], title) for place, title in enumerate(titles)]
                wave += 1
        except (OSError, http.client.HTTPException, ValueError):
            # The portal was killed: what it did not answer may be there or not.
            pass

    def stop(self):
        self.running = False
        for thread in self.threads:
            thread.join()
        return [lead for leads in self.answered for lead in leads]


def measure_start():
    times = []
    for _ in range(5):
        with Portal("--rows", "lead=10000000") as portal:
            portal.call("crm.lead.list", {"select": ["ID"]})
            times.append((time.monotonic() - portal.began) * 1000)
    print(f"start with 10,000,000 made-up rows: {min(times):.0f} to {max(times):.0f} ms to the first answer (100 allowed)")


def measure_writes(seconds=10):
    with tempfile.TemporaryDirectory() as folder:
        data = ["--data", f"{folder}/portal.db", "--rows", "user=1"]
        with Portal(*data) as portal:
            writers = Writers(portal, "rate")
            began = time.monotonic()
            time.sleep(seconds)
            written = len(writers.stop())
            took = time.monotonic() - began
            print(f"durable writes: {written / took:,.0f} a second (5,000 asked), {portal.memory():.0f} MiB")


def measure_kills(kills=20):
    chance = random.Random(1)
    known, lost, doubled = {}, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        data = ["--data", f"{folder}/portal.db", "--rows", "user=1"]
        for number in range(kills):
            with Portal(*data) as portal:
                writers = Writers(portal, f"kill{number}")
                time.sleep(chance.uniform(0.1, 1.0))
                portal.kill()
                known.update(dict(writers.stop()))
            with Portal(*data) as portal:
                there = titles_of(portal)
            lost += sum(there.get(int(lead)) != title for lead, title in known.items())
            doubled += len(there) - len(set(there.values()))
    print(f"{kills} kills: {len(known):,} answered writes, {lost} lost, {doubled} doubled")
    if lost or doubled:
        sys.exit(1)


def titles_of(portal):
    """The title of each lead by its ID."""
    connection = http.client.HTTPConnection(portal.host, timeout=60)
    titles, last = {}, 0
    while True:
        # Fifty pages in one request, each from where the one before it ends.
        commands = {}
        for place in range(COMMANDS):
            after = last if place == 0 else f"$result[page{place - 1}][49][ID]"
            commands[f"page{place}"] = (
                f"crm.lead.list?select[]=ID&select[]=TITLE&order[ID]=ASC&start=-1&filter[>ID]={after}"
            )
        reply = portal.call("batch", {"cmd": commands, "halt": 1}, connection)
        for place in range(COMMANDS):
            page = reply["result"]["result"].get(f"page{place}", [])
            titles.update({int(lead["ID"]): lead["TITLE"] for lead in page})
            last = max([last, *(int(lead["ID"]) for lead in page)])
            if len(page) < 50:
                return titles


def measure_rows(rows=1_000_000):
    fields = "ID,TITLE,NAME,LAST_NAME,STATUS_ID,SOURCE_ID,OPPORTUNITY,CURRENCY_ID,DATE_CREATE,DATE_MODIFY,ASSIGNED_BY_ID,OPENED"
    with tempfile.TemporaryDirectory() as folder:
        with Portal("--rows", f"lead={rows}") as portal:
            command = [PROGRAM, "export", "crm.lead.list", "--portal", portal.url, "--rate", "off", "--quiet"]
            subprocess.run([*command, "--select", fields, "-o", f"{folder}/leads.jsonl"], check=True)
        with Portal("--load", f"lead={folder}/leads.jsonl") as portal:
            took = time.monotonic() - portal.began
            print(f"{rows:,} stored leads of 12 fields: {portal.memory():,.0f} MiB (1,536 allowed), loaded in {took:.1f} s")


def main():
    measures = {"start": measure_start, "writes": measure_writes, "kills": measure_kills, "rows": measure_rows}
    words = sys.argv[1:]
    if unknown := set(words) - set(measures):
        sys.exit(f"no measurement {', '.join(sorted(unknown))}: {', '.join(measures)}")
    for name in words or measures:
        measures[name]()


if __name__ == "__main__":
    main()
