#!/usr/bin/env python3
"""The CPU time of whole lists by brimful and by fast_bitrix24, side by side in one run.

    bench/clients.py [ROWS]

Both read the same 12 fields of the same leads from the same emulator without limits, each in a process of its own, and
write them to JSON lines. What is compared is the processor time of the client, not of the emulator: user and system
time of the process, less that of the same process on an empty list (start-up).
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / "target" / "interop" / "bench-fast-bitrix24" / "bin" / "python"
REQUIREMENTS = ROOT / "interop" / "requirements-fast-bitrix24.txt"
FIELDS = [
    "ID", "TITLE", "NAME", "LAST_NAME", "STATUS_ID", "SOURCE_ID",
    "ASSIGNED_BY_ID", "CREATED_BY_ID", "DATE_CREATE", "DATE_MODIFY", "OPPORTUNITY", "CURRENCY_ID",
]
THEIRS = """
import json, sys
from fast_bitrix24 import Bitrix
url, out, fields = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
# Limits out of the way: what is measured is the client's own work.
client = Bitrix(url, verbose=False, request_pool_size=100_000, requests_per_second=100_000.0)
rows = client.get_all("crm.lead.list", {"select": fields})
with open(out, "w") as file:
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=False) + "\\n")
"""


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "brimful-cli"], cwd=ROOT, check=True)
    brimful = ROOT / "target" / "release" / "brimful"
    if not installed():
        subprocess.run([sys.executable, "-m", "venv", PYTHON.parent.parent], check=True)
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
    seconds = {}
    for name in ("brimful", "fast_bitrix24"):
        whole = best_of(3, lambda: cpu(name, brimful, rows))
        empty = best_of(3, lambda: cpu(name, brimful, 0))
        seconds[name] = (whole - empty) * 1000 / rows
        print(f"  {name}: {seconds[name] * 1000:.3f} ms of CPU per 1,000 rows ({rows:,} rows of {len(FIELDS)} fields)")
    ratio = seconds["fast_bitrix24"] / seconds["brimful"]
    print(f"  brimful takes 1/{ratio:.0f} of the CPU time (asked for: 1/20 or less)")


def installed():
    if not PYTHON.exists():
        return False
    return subprocess.run([PYTHON, "-c", "import fast_bitrix24"], capture_output=True).returncode == 0


def best_of(times, measure):
    return min(measure() for _ in range(times))


def cpu(name, brimful, rows):
    """Seconds of CPU that the client's process takes for a list of so many rows."""
    with tempfile.TemporaryDirectory() as folder:
        command = [brimful, "portal", "--port", "0", "--limit", "off", "--limiter", "off", "--rows", f"crm.lead={rows}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as portal:
            try:
                url = portal.stdout.readline().strip()
                out = os.path.join(folder, "leads.jsonl")
                if name == "brimful":
                    command = [brimful, "export", "crm.lead.list", "--portal", url, "--limit", "off", "-o", out,
                               "--select", ",".join(FIELDS)]
                else:
                    command = [PYTHON, "-c", THEIRS, url, out, ",".join(FIELDS)]
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                if done.returncode != 0:
                    sys.exit(f"{name} failed: {done.stderr}")
                with open(out, encoding="utf-8") as file:
                    written = sum(1 for _ in file)
                if written != rows:
                    sys.exit(f"{name} wrote {written} rows of {rows}")
                return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
            finally:
                portal.kill()


if __name__ == "__main__":
    main()
