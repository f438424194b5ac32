#!/usr/bin/env python3
"""Exports side by side in one run: processor time, memory and rows a second of every format and store.

    cargo build --release -p brimful-cli --features full \\
        --config 'profile.release.package.brimful-export.codegen-units=1'
    bench/export.py [formats] [stores] [memory] [pandas] [--rows N]

formats: the same leads of 12 fields to each format; the processor time is told as a multiple of that of JSON Lines.
stores: to SQLite, and to the servers in BRIMFUL_TEST_POSTGRES, BRIMFUL_TEST_MYSQL and BRIMFUL_TEST_CLICKHOUSE, and to
DuckDB with BRIMFUL_DUCKDB_LIBRARY, as far as they are there; PostgreSQL against `psql \\copy` of the same rows. memory:
10,000,000 rows to Parquet, 1,000,000 to Excel. pandas: 100,000 rows (or N) by fast_bitrix24 and pandas (pyarrow,
openpyxl) to the same kinds of files and to SQLite, beside brimful; it installs them into target/export-bench. The
emulator runs in a process of its own, without limits. What is told is the processor time and the most memory of the
program alone, and the time by the wall, in which the emulator makes the rows.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("BRIMFUL", str(ROOT / "target" / "release" / "brimful"))
METHOD = "crm.lead.list"
FIELDS = [
    "ID", "TITLE", "NAME", "LAST_NAME", "STATUS_ID", "SOURCE_ID",
    "OPPORTUNITY", "CURRENCY_ID", "DATE_CREATE", "DATE_MODIFY", "ASSIGNED_BY_ID", "OPENED",
]  # fmt: skip
FORMATS = ["jsonl", "csv", "jsonl.gz", "jsonl.zst", "csv.gz", "parquet", "arrow", "xlsx"]


PLACE = ROOT / "target" / "export-bench"
RIVALS = ["fast-bitrix24==1.8.14", "pandas==3.1.1", "pyarrow==26.0.1", "openpyxl==3.1.5"]
# What people write: the rows, the types that a report needs, the file.
THEIRS = """
import sys
import pandas as pd
from fast_bitrix24 import Bitrix
url, out, fields = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
# Limits out of the way: what is measured is the client's own work.
client = Bitrix(url, verbose=False, request_pool_size=100_000, requests_per_second=100_000.0)
rows = client.get_all("crm.lead.list", {"select": fields})
frame = pd.DataFrame(rows, columns=fields)
for name in ("ID", "OPPORTUNITY", "ASSIGNED_BY_ID"):
    frame[name] = pd.to_numeric(frame[name])
for name in ("DATE_CREATE", "DATE_MODIFY"):
    frame[name] = pd.to_datetime(frame[name], utc=True)
if out.endswith(".csv"):
    frame.to_csv(out, index=False)
elif out.endswith(".parquet"):
    frame.to_parquet(out, compression="zstd")
elif out.endswith(".xlsx"):
    for name in ("DATE_CREATE", "DATE_MODIFY"):
        frame[name] = frame[name].dt.tz_localize(None)
    frame.to_excel(out, index=False)
else:
    import sqlite3
    frame.to_sql("crm_lead", sqlite3.connect(out), index=False)
"""


class Portal:
    """An emulator in a process of its own."""

    def __init__(self, rows):
        command = [PROGRAM, "portal", "--port", "0", "--limit", "off", "--limiter", "off", "--rows", f"lead={rows}"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def measured(command, **how):
    """Processor seconds, seconds by the wall and MiB of a command."""
    began = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, **how)
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {said.strip().splitlines()[:1]}")
    return used.ru_utime + used.ru_stime, time.monotonic() - began, used.ru_maxrss / 1024


def export(portal, folder, *target):
    command = [PROGRAM, "export", METHOD, "--portal", portal.url, "--rate", "off", "--select", ",".join(FIELDS), *target]
    return measured(command, cwd=folder)


def line(name, rows, cpu, wall, memory, more=""):
    print(f"  {name:16} {cpu:6.2f} CPU s  {wall:6.2f} s  {rows / wall:>9,.0f} rows/s  {memory:5.0f} MiB  {more}", flush=True)


def measure_formats(rows, times=3):
    print(f"{rows:,} leads of {len(FIELDS)} fields, the least processor time of {times} runs")
    lines = None
    with Portal(rows) as portal, tempfile.TemporaryDirectory() as folder:
        for name in FORMATS:
            runs = [export(portal, folder, "-o", f"{n}.{name}") for n in range(times)]
            cpu, wall, memory = min(runs)
            lines = lines or cpu
            size = os.path.getsize(os.path.join(folder, f"0.{name}")) / 1e6
            line(name, rows, cpu, wall, memory, f"{cpu / lines:.2f} x JSON Lines, {size:.1f} MB")
            for n in range(times):
                os.remove(os.path.join(folder, f"{n}.{name}"))


def measure_stores(rows):
    print(f"{rows:,} leads of {len(FIELDS)} fields into empty tables")
    with Portal(rows) as portal, tempfile.TemporaryDirectory() as folder:
        table = ["--table", "brimful_bench", "--resume", "never"]
        line("sqlite", rows, *export(portal, folder, "--to", "sqlite:leads.db", *table))
        if postgres := os.environ.get("BRIMFUL_TEST_POSTGRES"):
            measure_postgres(portal, folder, rows, postgres, table)
        if os.environ.get("BRIMFUL_DUCKDB_LIBRARY"):
            line("duckdb", rows, *export(portal, folder, "--to", "duckdb:leads.duckdb", *table))
        for name in ["mysql", "clickhouse"]:
            if url := os.environ.get(f"BRIMFUL_TEST_{name.upper()}"):
                line(name, rows, *export(portal, folder, "--to", url, *table))


def measure_postgres(portal, folder, rows, url, table):
    def psql(sql, **how):
        return measured(["psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", url, "-c", sql], **how)

    psql("DROP TABLE IF EXISTS brimful_bench, brimful_bench_copy")
    cpu, wall, memory = export(portal, folder, "--to", url, *table)
    line("postgres", rows, cpu, wall, memory)
    # The same rows as psql has them, into a table of the same columns and key.
    psql(r"\copy brimful_bench TO 'rows.csv' CSV", cwd=folder)
    psql("CREATE TABLE brimful_bench_copy (LIKE brimful_bench INCLUDING ALL)")
    copied = psql(r"\copy brimful_bench_copy FROM 'rows.csv' CSV", cwd=folder)
    line("psql \\copy", rows, *copied, f"PostgreSQL takes {wall / copied[1]:.2f} times as long by the wall")
    psql("DROP TABLE brimful_bench, brimful_bench_copy")


def measure_memory(_):
    for rows, name in [(1_000_000, "xlsx"), (10_000_000, "parquet")]:
        print(f"{rows:,} leads of {len(FIELDS)} fields")
        with Portal(rows) as portal, tempfile.TemporaryDirectory() as folder:
            cpu, wall, memory = export(portal, folder, "-o", f"leads.{name}")
            line(name, rows, cpu, wall, memory, f"{memory / 256:.2f} of the 256 MiB allowed")


def measure_pandas(rows):
    python = PLACE / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", PLACE], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *RIVALS], check=True)
    print(f"{rows:,} leads of {len(FIELDS)} fields by fast_bitrix24 with pandas, and by brimful")
    with Portal(rows) as portal, tempfile.TemporaryDirectory() as folder:
        for name in ["csv", "parquet", "xlsx", "db"]:
            command = [python, "-c", THEIRS, portal.url, f"theirs.{name}", ",".join(FIELDS)]
            theirs = measured(command, cwd=folder)
            target = ["--to", "sqlite:ours.db"] if name == "db" else ["-o", f"ours.{name}"]
            ours = min(export(portal, folder, *target, "--resume", "never") for _ in range(3))
            line(f"{name}, pandas", rows, *theirs)
            more = f"1/{theirs[0] / ours[0]:.1f} of the CPU, 1/{theirs[2] / ours[2]:.1f} of the memory"
            line(f"{name}, brimful", rows, *ours, more)


def main():
    words = sys.argv[1:]
    asked = None
    if "--rows" in words:
        place = words.index("--rows")
        asked = int(words[place + 1])
        del words[place : place + 2]
    measures = {"formats": measure_formats, "stores": measure_stores, "memory": measure_memory, "pandas": measure_pandas}
    if unknown := set(words) - set(measures):
        sys.exit(f"no measurement {', '.join(sorted(unknown))}: {', '.join(measures)}")
    for name in words or measures:
        measures[name](asked or (100_000 if name == "pandas" else 1_000_000))


if __name__ == "__main__":
    main()
