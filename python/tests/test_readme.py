"""The examples of README.md, run as they stand there."""

import asyncio
import importlib
import re
import sys
from pathlib import Path
from unittest.mock import AsyncMock

import duckdb
import pytest

from brimful import AsyncClient, Client
from test_oauth import come_back

README = Path(__file__).parent.parent / "README.md"
WEBHOOK = "https://example.bitrix24.ru/rest/1/code/"


def example(word, readme="README.md"):
    """The example that has a word in it."""
    text = README.with_name(readme).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (found,) = [block for block in blocks if word in block]
    return found


def test_the_first_example_prints_titles_and_the_report(bitrix_portal, capsys):
    exec(example("print(deals.report)").replace(WEBHOOK, bitrix_portal.webhook), {})
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 121 and printed[-1].startswith("ListReport(rows=120")


def test_the_dataframes_are_made(bitrix_portal):
    names = {"client": Client(bitrix_portal.webhook, rate=None)}
    exec(example("to_arrow()"), names)
    assert names["table"].num_rows == 120
    import pyarrow

    names["pyarrow"] = pyarrow
    exec(example("duckdb.sql").replace("duckdb.sql(", "found = duckdb.sql("), names)
    assert names["found"].fetchall()


def test_the_files_are_written(bitrix_portal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = example('export("deals.parquet")').splitlines()
    code = "\n".join(line for line in lines if "postgres" not in line)
    exec(code, {"client": Client(bitrix_portal.webhook, rate=None)})
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["deals.csv", "deals.parquet", "portal.db"]


@pytest.mark.parametrize("readme", ["README.md", "README.ru.md"])
def test_the_calls_are_made(readme, bitrix_portal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(example("with_deadline", readme).replace(WEBHOOK, bitrix_portal.webhook), names)
    assert (tmp_path / "note.txt").read_bytes() == b"hello"
    assert [row["id"] for row in names["tasks"]] == list(range(101, 121))


@pytest.mark.parametrize("readme", ["README.md", "README.ru.md"])
def test_the_application_gets_its_tokens(readme, make_bitrix_portal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    portal = make_bitrix_portal(rows={"user": 1}, apps={"local.64b7e3": "s3cr3t"})
    address = portal.webhook.partition("/rest/")[0]
    code = example("oauth.authorize", readme).replace("example.bitrix24.ru", address)
    before, after = code.split("oauth.exchange")
    names = {}
    exec(before, names)
    names["query"] = come_back(names["request"].url)
    exec("oauth.exchange" + after, names)
    assert names["client"].call("profile") and (tmp_path / "tokens.json").exists()


def test_the_service_of_fastapi_is_tested(bitrix_portal, tmp_path, monkeypatch):
    app, test = example("FastAPI()").split("# test_app.py\n")
    (tmp_path / "app.py").write_text(app)
    monkeypatch.syspath_prepend(tmp_path)
    names = {"AsyncClient": AsyncClient, "Client": Client}
    exec(test, names)
    names["test_an_order_becomes_a_lead"](bitrix_portal)
    sys.modules.pop("app")


def test_the_handler_of_aiogram_is_tested(make_bitrix_portal):
    names = {"AsyncClient": AsyncClient, "AsyncMock": AsyncMock, "asyncio": asyncio}
    exec(example("async def my_deals"), names)
    names["test_the_bot_answers_with_the_deals"](make_bitrix_portal)


def test_the_resource_of_dlt_loads_deals_and_then_what_has_changed(
    make_bitrix_portal, tmp_path, monkeypatch
):
    portal = make_bitrix_portal(rows={"crm.deal": 300}, seed=1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    code = example("@dlt.resource").replace(WEBHOOK, portal.webhook)
    (tmp_path / "loads_deals.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    loads_deals = importlib.import_module("loads_deals")
    made = Client(portal.webhook, rate=None).call("crm.deal.add", {"fields": {"TITLE": "new"}})
    importlib.reload(loads_deals)
    with duckdb.connect(str(tmp_path / "bitrix24.duckdb"), read_only=True) as database:
        rows = database.sql("SELECT count(*), max(id), count(DISTINCT id) FROM crm.deals").fetchall()
        assert rows == [(301, int(made), 301)]
        kinds = dict(
            database.sql(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'deals'"
            ).fetchall()
        )
        assert kinds["opportunity"].startswith("DECIMAL") and kinds["id"] == "BIGINT"


def test_the_plain_function_exports(bitrix_portal, tmp_path):
    names = {"Client": Client}
    exec(example("def export_deals"), names)
    assert names["export_deals"](bitrix_portal.webhook, tmp_path) == 120


@pytest.mark.parametrize("name", ["README.md", "README.ru.md"])
def test_the_examples_are_python(name):
    text = (README.parent / name).read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        compile(block, name, "exec")
