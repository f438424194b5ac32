#!/usr/bin/env python3
"""How an export grows with its rows, and a sync with its portals: a table, JSON and a plot.

    cargo build --release -p brimful-cli
    bench/growth.py [rows] [portals] [--most N]

rows: 1,000 to 10,000,000 leads of 12 fields to JSON Lines, without limits. portals: one `brimful sync` of 1 to 100
portals into SQLite files, each with 25,000 leads, a burst of 50 and 2 requests a second, and 80 to 120 ms latency.
--most bounds both. The emulators run in processes of their own on the same machine, so they take processor time from
the program; that of the program alone is told. Every row has to come once, or the run fails. It writes growth.md,
growth.json and growth.svg to target/bench-run.
"""

import json
import math
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "target" / "bench-run"
PROGRAM = os.environ.get("BRIMFUL", str(ROOT / "target" / "release" / "brimful"))
FIELDS = [
    "ID", "TITLE", "NAME", "LAST_NAME", "STATUS_ID", "SOURCE_ID",
    "ASSIGNED_BY_ID", "CREATED_BY_ID", "DATE_CREATE", "DATE_MODIFY", "OPPORTUNITY", "CURRENCY_ID",
]  # fmt: skip
ROWS = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
PORTALS = [1, 3, 10, 30, 100]
ROWS_OF_A_PORTAL = 25_000


def start_portal(rows, options):
    command = [PROGRAM, "portal", "--port", "0", "--rows", f"crm.lead={rows}", *options]
    portal = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return portal, portal.stdout.readline().strip()


def run(command, folder):
    """Seconds by the wall, processor seconds and MiB of the command."""
    began = time.monotonic()
    with open(os.path.join(folder, "said"), "w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd=folder)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        said.seek(0)
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command[:3]))} ended with {process.returncode}:\n{said.read()}")
    return {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024}


def stop(portals):
    for portal in portals:
        portal.kill()
        portal.wait()
        portal.stdout.close()


def export(rows):
    with tempfile.TemporaryDirectory() as folder:
        portal, webhook = start_portal(rows, ["--limit", "off", "--limiter", "off"])
        try:
            command = [PROGRAM, "export", "crm.lead.list", "--portal", webhook, "--select", ",".join(FIELDS),
                       "-o", "leads.jsonl", "--rate", "off", "--quiet"]  # fmt: skip
            figures = run(command, folder)
        finally:
            stop([portal])
        before = found = 0
        with open(os.path.join(folder, "leads.jsonl"), encoding="utf-8") as lines:
            for line in lines:
                number = int(json.loads(line)["ID"])
                if number <= before:
                    sys.exit(f"lead {number} came after lead {before}")
                before, found = number, found + 1
    if found != rows:
        sys.exit(f"{found} leads of {rows}")
    return {"rows": rows, **figures}


def sync(count):
    limits = ["--limit", "50,2", "--latency", "80ms", "--jitter", "40ms"]
    with tempfile.TemporaryDirectory() as folder:
        started = [start_portal(ROWS_OF_A_PORTAL, limits) for _ in range(count)]
        try:
            parts = ['[sync]\nentities = ["crm.lead"]\n']
            for number, (_, webhook) in enumerate(started):
                secret = Path(folder, f"{number}.webhook")
                secret.touch(mode=0o600)
                secret.write_text(webhook + "\n")
                parts.append(f'[portals.p{number}]\nwebhook-file = "{number}.webhook"\nto = "sqlite:{number}.db"\n')
            Path(folder, "brimful.toml").write_text("\n".join(parts))
            figures = run([PROGRAM, "sync", "--quiet"], folder)
        finally:
            stop([portal for portal, _ in started])
        for number in range(count):
            with sqlite3.connect(os.path.join(folder, f"{number}.db")) as store:
                found = store.execute('SELECT count(*), count(DISTINCT "ID") FROM crm_lead').fetchone()
            if found != (ROWS_OF_A_PORTAL, ROWS_OF_A_PORTAL):
                sys.exit(f"portal {number}: {found} of {ROWS_OF_A_PORTAL} leads")
    return {"portals": count, "rows": count * ROWS_OF_A_PORTAL, **figures}


def table(runs, unit):
    lines = [f"| {unit} | wall s | rows/s | CPU s | CPU µs a row | MiB |", "|---" * 6 + "|"]
    for each in runs:
        rows, wall, cpu = each["rows"], each["wall"], each["cpu"]
        lines.append(
            f"| {each[unit]:,} | {wall:.2f} | {rows / wall:,.0f} | {cpu:.2f} | {cpu / rows * 1e6:.2f} "
            f"| {each['memory']:.0f} |"
        )
    return "\n".join(lines)


CURVES = [
    ("rows/s", "#1668b8", lambda each: each["rows"] / each["wall"]),
    ("CPU µs a row", "#b36b00", lambda each: each["cpu"] / each["rows"] * 1e6),
    ("MiB", "#2e7d32", lambda each: each["memory"]),
]


def panel(runs, unit, title, top):
    """One drawing, both axes logarithmic: a curve for each figure."""
    left, width, height = 70, 480, 220
    values = [curve(each) for _, _, curve in CURVES for each in runs]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(runs[0][unit]), math.log10(runs[-1][unit])

    def x(value):
        return left + width * (math.log10(value) - first) / ((last - first) or 1)

    def y(value):
        return top + 30 + height * (high - math.log10(value)) / ((high - low) or 1)

    shapes = [f'<text x="{left}" y="{top + 14}" font-weight="bold">{title}</text>']
    for power in range(low, high + 1):
        line = y(10**power)
        shapes.append(f'<line x1="{left}" y1="{line:.0f}" x2="{left + width}" y2="{line:.0f}" stroke="#ddd"/>')
        shapes.append(f'<text x="{left - 6}" y="{line + 4:.0f}" text-anchor="end">{power_of_ten(power)}</text>')
    for each in runs:
        shapes.append(f'<text x="{x(each[unit]):.0f}" y="{top + height + 48}" text-anchor="middle">{each[unit]:,}</text>')
    for name, colour, curve in CURVES:
        points = " ".join(f"{x(each[unit]):.0f},{y(curve(each)):.0f}" for each in runs)
        shapes.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        end = y(curve(runs[-1]))
        shapes.append(f'<text x="{left + width + 8}" y="{end + 4:.0f}" fill="{colour}">{name}</text>')
    return shapes


def power_of_ten(power):
    return f"{10**power:,}" if power >= 0 else f"{10**power:g}"


def plot(results):
    shapes, top = [], 10
    for unit, (title, runs) in results.items():
        if runs:
            shapes += panel(runs, unit, title, top)
            top += 300
    size = f'width="680" height="{top}" viewBox="0 0 680 {top}" font-family="sans-serif" font-size="12"'
    ground = '<rect width="100%" height="100%" fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{ground}\n' + "\n".join(shapes) + "\n</svg>\n"


def main():
    words = sys.argv[1:]
    most = math.inf
    if "--most" in words:
        place = words.index("--most")
        most = int(words[place + 1])
        del words[place : place + 2]
    jobs = {
        "rows": ("leads of one portal to JSON Lines, without limits", ROWS, export),
        "portals": (f"portals of {ROWS_OF_A_PORTAL:,} leads in one sync, each at its limit", PORTALS, sync),
    }
    if unknown := set(words) - set(jobs):
        sys.exit(f"no job {', '.join(sorted(unknown))}: {', '.join(jobs)}")
    results = {}
    PLACE.mkdir(parents=True, exist_ok=True)
    for unit, (title, sizes, measure) in jobs.items():
        runs = []
        for size in sizes:
            if (not words or unit in words) and size <= most:
                runs.append(measure(size))
                print(f"{size:,} {unit}: {runs[-1]['wall']:.2f} s", flush=True)
        if runs:
            results[unit] = (title, runs)
    text = "\n\n".join(f"## {title}\n\n{table(runs, unit)}" for unit, (title, runs) in results.items())
    (PLACE / "growth.md").write_text(text + "\n")
    (PLACE / "growth.json").write_text(json.dumps(results, indent=1) + "\n")
    (PLACE / "growth.svg").write_text(plot(results))
    print(f"\n{text}\nwritten to {PLACE}/growth.md, growth.json and growth.svg")


if __name__ == "__main__":
    main()
