"""The console script of the wheel."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = [sys.executable, "-m", "brimful"]


def run(*arguments, **options):
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, timeout=60, **options
    )


def test_the_program_exports_a_list(bitrix_portal, tmp_path):
    done = run(
        "export", "crm.deal.list", "--portal", bitrix_portal.webhook, "-o", "deals.jsonl",
        cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")
    lines = (tmp_path / "deals.jsonl").read_text().splitlines()
    assert [int(json.loads(line)["ID"]) for line in lines] == list(range(1, 121))


def test_the_console_script_is_the_program():
    script = os.path.join(os.path.dirname(sys.executable), "brimful")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("brimful ")


def test_the_program_has_its_exit_codes_and_hints(bitrix_portal, tmp_path):
    assert run("export", "crm.deal.list", "-o", "rows.foo", cwd=tmp_path).returncode == 2
    failed = run("call", "crm.deal.get", "--portal", bitrix_portal.webhook, "--param", "id=99999")
    assert failed.returncode == 1 and "Not found" in failed.stderr
    (tmp_path / "d.jsonl.partial").write_text('{"ID":"1"}\n')
    left = run(
        "export", "crm.deal.list", "--portal", bitrix_portal.webhook, "-o", "d.jsonl", cwd=tmp_path
    )
    assert "brimful export crm.deal.list" in left.stderr and "--resume" in left.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize(("sent", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_the_program_as_it_ends_brimful(make_bitrix_portal, tmp_path, sent, code):
    portal = make_bitrix_portal(rows={"crm.deal": 500})
    portal.set_faults("latency=30s")
    child = subprocess.Popen(
        [*PROGRAM, "-v", "export", "crm.deal.list", "--portal", portal.webhook, "-o", "d.jsonl"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while portal.stats["requests"] == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(getattr(signal, sent))
    said = child.communicate(timeout=30)[1]
    assert child.returncode == code, said


def test_importing_the_package_imports_nothing_that_is_slow():
    program = "import brimful, sys; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60).split()
    slow = {"asyncio", "decimal", "inspect", "logging", "pandas", "pyarrow", "ssl", "tqdm"}
    assert slow.isdisjoint(modules)
