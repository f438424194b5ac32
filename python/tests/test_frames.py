"""Dataframes and exports of lists."""

import sys
import asyncio
import datetime
import decimal
import json
import os
import sqlite3
import threading

import duckdb
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet
from pathlib import Path

import pytest

from brimful import AsyncClient, BrimfulError, Client, ConfigError, IncompleteError, MisfitWarning

DEALS = [
    {"ID": "7", "TITLE": "Seven", "OPPORTUNITY": "10.50", "CLOSED": "Y", "COMPANY_ID": "3",
     "DATE_CREATE": "2026-01-31T10:00:00+03:00", "BEGINDATE": "2026-01-31T00:00:00+03:00"},
    {"ID": "8", "TITLE": "Eight", "OPPORTUNITY": "0.0001", "CLOSED": "N", "COMPANY_ID": None,
     "DATE_CREATE": "2026-01-31T10:00:00+03:00", "BEGINDATE": ""},
]  # fmt: skip
FIELDS = list(DEALS[0])


@pytest.fixture
def deals(make_bitrix_portal):
    portal = make_bitrix_portal(load={"crm.deal": DEALS})
    return Client(portal.webhook, rate=None).list("crm.deal.list", select=FIELDS)


def test_columns_have_the_types_of_the_portals_fields(deals):
    table = deals.to_arrow()
    assert table.schema.field("ID").type == pa.int64()
    assert table.schema.field("OPPORTUNITY").type == pa.decimal128(20, 4)
    assert table.schema.field("CLOSED").type == pa.bool_()
    assert table.schema.field("DATE_CREATE").type == pa.timestamp("us", tz="UTC")
    assert table.schema.field("TITLE").metadata == {b"title": "Название".encode()}
    assert table.to_pylist()[0]["OPPORTUNITY"] == decimal.Decimal("10.5000")
    assert table.to_pylist()[0]["BEGINDATE"] == datetime.date(2026, 1, 31)
    assert table.to_pylist()[1]["COMPANY_ID"] is None
    assert deals.report.rows == 2 and deals.misfits == []


def test_columns_may_be_texts(deals):
    table = deals.to_arrow(types="strings")
    assert set(table.schema.types) == {pa.string()}
    assert table["OPPORTUNITY"].to_pylist() == ["10.50", "0.0001"]


def test_chosen_columns_have_their_order_and_names_and_nothing_else_is_asked_for(bitrix_portal):
    client = Client(bitrix_portal.webhook, rate=None)
    table = client.list("crm.deal.list").to_arrow(columns=["TITLE=Name", "ID"])
    assert table.column_names == ["Name", "ID"] and table.num_rows == 120


def test_polars_pandas_and_duckdb_have_the_same_rows(make_bitrix_portal):
    portal = make_bitrix_portal(load={"crm.deal": DEALS})
    client = Client(portal.webhook, rate=None)

    def deals():
        return client.list("crm.deal.list", select=FIELDS)

    polars_frame = deals().to_polars()
    assert polars_frame["COMPANY_ID"].to_list() == [3, None]
    assert polars_frame.schema["CLOSED"] == polars.Boolean
    pandas_frame = deals().to_pandas()
    assert str(pandas_frame["COMPANY_ID"].dtype) == "int64[pyarrow]"
    assert pandas_frame["COMPANY_ID"].tolist() == [3, pandas.NA]
    assert deals().to_pandas(dtype_backend="numpy")["ID"].tolist() == [7, 8]
    relation = deals().to_duckdb()
    assert relation.filter("CLOSED").project("TITLE").fetchall() == [("Seven",)]
    with duckdb.connect() as connection:
        assert deals().to_duckdb(connection).aggregate("sum(ID)").fetchall() == [(15,)]


def test_a_stream_is_read_while_it_is_pulled(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 20_000})
    client = Client(portal.webhook, rate=None)

    def deals():
        return client.list("crm.deal.list", select=["ID"])

    reader = pa.RecordBatchReader.from_stream(deals())
    assert [batch.num_rows for batch in reader] == [8192, 8192, 3616]
    rows = deals()
    assert duckdb.sql("SELECT count(*), max(ID) FROM rows").fetchall() == [(20_000, 20_000)]
    assert rows.report.complete_to == 20_000
    with pytest.raises(Exception, match="make a new list"):
        duckdb.sql("SELECT count(*) FROM rows").fetchall()
    assert pa.schema(deals()).names == ["ID"]
    batches = [pa.record_batch(batch) for batch in deals().batches()]
    assert pa.Table.from_batches(batches)["ID"].to_pylist() == list(range(1, 20_001))


def test_asyncio_awaits_dataframes_too(make_bitrix_portal, tmp_path):
    portal = make_bitrix_portal(rows={"crm.deal": 300})

    async def run():
        client = AsyncClient(portal.webhook, rate=None)

        def deals():
            return client.list("crm.deal.list", select=["ID"])

        rows = deals()
        assert (await rows.to_arrow()).num_rows == 300
        assert rows.report.proof == "by ID"
        assert (await deals().to_polars()).height == 300
        assert len(await deals().to_pandas()) == 300
        assert (await deals().to_duckdb()).count("ID").fetchall() == [(300,)]
        assert [batch.num_rows async for batch in deals().batches()] == [300]
        exported = await deals().export(tmp_path / "deals.csv")
        assert (exported.rows, exported.misfits) == (300, 0)

    asyncio.run(run())


def test_values_that_do_not_fit_are_told(make_bitrix_portal):
    deals = [*DEALS, {"ID": "9", "OPPORTUNITY": "many"}]
    portal = make_bitrix_portal(load={"crm.deal": deals})
    rows = Client(portal.webhook, rate=None).list("crm.deal.list", select=["ID", "OPPORTUNITY"])
    assert rows.to_arrow()["OPPORTUNITY"].to_pylist()[2] is None
    assert rows.misfit_count == 1
    (misfit,) = rows.misfits
    assert (misfit.id, misfit.field, misfit.value) == ("9", "OPPORTUNITY", "many")
    assert misfit.reason


def test_an_empty_list_has_its_columns(bitrix_portal):
    client = Client(bitrix_portal.webhook, rate=None)
    table = client.list("crm.deal.list", select=["ID", "TITLE"], filter={">ID": 999}).to_arrow()
    assert (table.column_names, table.num_rows) == (["ID", "TITLE"], 0)


def test_what_cannot_be_had_is_refused(bitrix_portal):
    client = Client(bitrix_portal.webhook, rate=None)
    with pytest.raises(ConfigError, match="NOPE"):
        client.list("crm.deal.list").to_arrow(columns=["NOPE"])
    with pytest.raises(ValueError, match="types"):
        client.list("crm.deal.list").to_arrow(types="guess")
    with pytest.raises(TypeError, match="columns"):
        client.list("crm.deal.list").to_arrow(columns="ID")
    with pytest.raises(ConfigError, match="NOPE"):
        pa.table(client.list("crm.deal.list", filter={">NOPE": 1}))
    rows = client.list("crm.deal.list", select=["ID"])
    next(rows)
    with pytest.raises(ValueError, match="have been read"):
        rows.to_arrow()
    rows = client.list("crm.deal.list", select=["ID"])
    rows.to_arrow()
    for again in (rows.to_arrow, rows.__next__):
        with pytest.raises(ValueError, match="a new list"):
            again()


def test_a_list_that_breaks_off_makes_no_table(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 20_000})
    client = Client(portal.webhook, rate=None, attempts=1)
    portal.set_faults("html:after=4")
    with pytest.raises(IncompleteError) as caught:
        client.list("crm.deal.list", select=["ID"]).to_arrow()
    assert caught.value.report.resume_after > 0
    portal.set_faults("html:after=4")
    with pytest.raises(Exception, match="crm.deal.list"):
        pa.table(client.list("crm.deal.list", select=["ID"]))


def test_other_threads_run_while_a_stream_is_pulled(make_bitrix_portal):
    portal = make_bitrix_portal(rows={"crm.deal": 200})
    client = Client(portal.webhook, rate=None)
    portal.set_faults("latency=300ms")
    ticks = []
    stop = threading.Event()

    def tick():
        while not stop.wait(0.01):
            ticks.append(1)

    thread = threading.Thread(target=tick)
    thread.start()
    polars.DataFrame(client.list("crm.deal.list", select=["ID"]))
    stop.set()
    thread.join()
    assert len(ticks) > 5


@pytest.mark.parametrize(
    "name", ["d.jsonl", "d.csv", "d.tsv", "d.xlsx", "d.parquet", "d.arrow", "d.csv.gz", "d.csv.zst"]
)
def test_a_list_is_exported_to_a_file_of_each_format(bitrix_portal, tmp_path, name):
    rows = Client(bitrix_portal.webhook, rate=None).list("crm.deal.list", select=["ID", "TITLE"])
    exported = rows.export(tmp_path / name)
    assert exported.rows == 120 and exported.bytes == (tmp_path / name).stat().st_size
    assert rows.report.proof == "by ID"
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_an_export_has_the_options_of_the_program(bitrix_portal, tmp_path):
    client = Client(bitrix_portal.webhook, rate=None)
    deals = tmp_path / "deals.txt"
    client.list("crm.deal.list", filter={">ID": 100}).export(
        deals, format="csv", columns=["ID", "TITLE=Name, or so"[:10]], delimiter=";", top=2
    )
    assert deals.read_text().splitlines()[0] == "ID;Name"
    assert deals.read_text().splitlines()[1].startswith("101;")
    assert len(deals.read_text().splitlines()) == 3
    titles = tmp_path / "titles.csv"
    client.list("crm.deal.list", select=["ID", "TITLE"]).export(titles, headers="titles", excel=True)
    assert titles.read_text(encoding="utf-8-sig").splitlines()[0] == "ID,Название"
    parquet = tmp_path / "d.parquet"
    client.list("crm.deal.list", select=["ID"]).export(parquet)
    assert pyarrow.parquet.read_table(parquet).num_rows == 120


def test_an_export_to_sqlite_updates_its_table(bitrix_portal, tmp_path):
    client = Client(bitrix_portal.webhook, rate=None)
    store = f"sqlite:{tmp_path / 'portal.db'}"
    for _ in range(2):
        exported = client.list("crm.deal.list", select=["ID", "TITLE"]).export(store, table="deals")
        assert (exported.rows, exported.bytes) == (120, None)
    with sqlite3.connect(tmp_path / "portal.db") as database:
        assert database.execute("SELECT count(*), max(ID) FROM deals").fetchone() == (120, 120)


@pytest.mark.skipif("BRIMFUL_TEST_POSTGRES" not in os.environ, reason="./test starts PostgreSQL")
def test_an_export_to_postgresql_tells_the_store_without_its_password(bitrix_portal):
    client = Client(bitrix_portal.webhook, rate=None)
    store = os.environ["BRIMFUL_TEST_POSTGRES"].replace("postgres@", "postgres:s3cret@")
    exported = client.list("crm.deal.list", select=["ID"]).export(store, table="python_deals")
    assert exported.rows == 120 and "s3cret" not in exported.name


def test_an_interrupted_export_is_resumed(make_bitrix_portal, tmp_path):
    portal = make_bitrix_portal(rows={"crm.deal": 120})
    client = Client(portal.webhook, rate=None)
    deals = tmp_path / "deals.jsonl"
    partial = tmp_path / "deals.jsonl.partial"
    ids = [json.dumps({"ID": str(number)}) for number in range(1, 51)]
    partial.write_text("\n".join(ids) + "\n")
    with pytest.raises(BrimfulError, match="resume"):
        client.list("crm.deal.list", select=["ID"]).export(deals)
    assert client.list("crm.deal.list", select=["ID"]).export(deals, resume=True).rows == 120
    lines = [json.loads(line) for line in deals.read_text().splitlines()]
    assert [int(row["ID"]) for row in lines] == list(range(1, 121))


def test_an_export_that_cannot_be_is_refused_before_anything_is_sent(bitrix_portal, tmp_path):
    client = Client(bitrix_portal.webhook, rate=None)
    for target, options, reason in [
        ("rows.foo", {}, "says nothing about the format"),
        ("rows.jsonl", {"columns": ["ID"]}, "--columns has no meaning"),
        ("rows.csv", {"types": "guess"}, "guess"),
        ("mongodb://host", {}, "not a known store"),
    ]:
        with pytest.raises(ConfigError, match=reason):
            client.list("crm.deal.list").export(target, **options)
    with pytest.raises(BrimfulError, match="could not write") as caught:
        client.list("crm.deal.list").export(tmp_path / "none" / "rows.csv")
    assert caught.value.kind == "Output"
    assert bitrix_portal.stats["methods"].get("crm.deal.list") is None


def test_an_export_that_breaks_off_keeps_its_rows_and_says_so(make_bitrix_portal, tmp_path):
    portal = make_bitrix_portal(rows={"crm.deal": 20_000})
    client = Client(portal.webhook, rate=None, attempts=1)
    portal.set_faults("html:after=4")
    with pytest.raises(IncompleteError, match="deals.jsonl.partial") as caught:
        client.list("crm.deal.list", select=["ID"]).export(tmp_path / "deals.jsonl")
    assert caught.value.report.resume_after > 0
    assert not (tmp_path / "deals.jsonl").exists()
    assert (tmp_path / "deals.jsonl.partial").exists()
    portal.set_faults("")
    resumed = client.list("crm.deal.list", select=["ID"]).export(tmp_path / "deals.jsonl", resume=True)
    assert resumed.rows == 20_000


@pytest.mark.parametrize("target", ["parquet:deals", "parquet:./deals"])
def test_a_text_with_a_scheme_is_a_store(bitrix_portal, tmp_path, monkeypatch, target):
    monkeypatch.chdir(tmp_path)
    done = Client(bitrix_portal.webhook, rate=None).list("crm.deal.list").export(target)
    assert done.rows == 120 and done.bytes is None
    assert [file.name for file in tmp_path.iterdir()] == ["deals"]


@pytest.mark.parametrize("target", ["adbc:nope?x=1", "nope:deals", "mysql://me@127.0.0.1:1/x", "s3://b/c/"])
def test_a_store_that_cannot_be_written_is_refused_and_becomes_no_file(
    bitrix_portal, tmp_path, monkeypatch, target
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    with pytest.raises(BrimfulError):
        Client(bitrix_portal.webhook, rate=None).list("crm.deal.list").export(target)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a name has no colon there")
def test_a_path_is_always_a_file(bitrix_portal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Client(bitrix_portal.webhook, rate=None).list("crm.deal.list").export(Path("parquet:deals.csv"))
    assert [file.name for file in tmp_path.iterdir()] == ["parquet:deals.csv"]


def test_an_export_has_labels_a_report_a_deadline_and_folders(bitrix_portal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    client = Client(bitrix_portal.webhook, rate=None)
    client.list("crm.deal.list").export("deals.csv", labels=True, report=Path("report.json"), deadline=600)
    assert "STAGE_ID__LABEL" in Path("deals.csv").read_text(encoding="utf-8").splitlines()[0]
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))
    client.list("crm.deal.list").export("parquet:by-month", partition_by="DATE_CREATE:month")
    assert any("DATE_CREATE" in folder.name for folder in Path("by-month").rglob("*") if folder.is_dir())


def test_a_dataframe_warns_of_values_that_do_not_fit_and_names_their_fields(make_bitrix_portal):
    portal = make_bitrix_portal(load={"crm.deal": [{**DEALS[0], "BEGINDATE": "soon"}]})
    rows = Client(portal.webhook, rate=None).list("crm.deal.list", select=FIELDS)
    with pytest.warns(MisfitWarning, match=r"crm\.deal\.list: 1 values .* BEGINDATE \(1\)") as warned:
        rows.to_arrow()
    assert warned[0].filename == __file__
    assert rows.misfits[0].field == "BEGINDATE"


def test_a_library_that_is_missing_is_told_before_a_row_is_read(make_bitrix_portal, monkeypatch):
    portal = make_bitrix_portal(load={"crm.deal": DEALS})
    rows = Client(portal.webhook, rate=None).list("crm.deal.list", select=FIELDS)
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ModuleNotFoundError, match="pip install polars"):
        rows.to_polars()
    assert portal.stats["commands"] == 0
    assert rows.to_arrow().num_rows == 2


def test_an_export_begins_anew_where_that_is_asked_for(deals, tmp_path):
    with pytest.raises(ValueError, match="resume"):
        deals.export(tmp_path / "deals.csv", resume="sometimes")
    for resume in (False, "never", "auto", True):
        assert deals.export(tmp_path / f"{resume}.csv", resume=resume).rows == 2


def test_a_dataframe_has_what_people_call_its_codes(kind, bitrix_portal):
    client = kind.client(bitrix_portal.webhook, rate=None)
    names = {row["STATUS_ID"]: row["NAME"] for row in kind.all(client.list("crm.status.list", check_names=False))}
    rows = client.list("crm.deal.list", select=["ID", "STAGE_ID", "ASSIGNED_BY_ID"])
    table = kind.run(rows.to_arrow(labels=True))
    told = zip(table.column("STAGE_ID").to_pylist(), table.column("STAGE_ID__LABEL").to_pylist())
    assert all(names[stage] == label for stage, label in told)
    assert all(table.column("ASSIGNED_BY_ID__LABEL").to_pylist())
    chosen = client.list("crm.deal.list")
    table = kind.run(chosen.to_arrow(columns=["ID", "STAGE_ID__LABEL=Stage"]))
    assert table.column_names == ["ID", "Stage"] and set(table.column("Stage").to_pylist()) <= set(names.values())


def test_batches_and_dataframes_of_text_have_labels_too(bitrix_portal):
    client = Client(bitrix_portal.webhook, rate=None)
    for batch in client.list("crm.deal.list", select=["ID", "STAGE_ID"]).batches(labels=True, types="strings"):
        table = pa.table(pa.record_batch(batch))
        assert "STAGE_ID__LABEL" in table.column_names and batch.num_rows == 120
    with pytest.raises(ValueError, match="^labels"):
        client.rest3.list("tasks.task.list").to_arrow(labels=True)


def test_labels_that_cannot_be_had_are_a_warning(bitrix_portal):
    bitrix_portal.set_faults("empty-page on=crm.status.list")
    rows = Client(bitrix_portal.webhook, rate=None).list("crm.deal.list", select=["ID", "STAGE_ID"])
    with pytest.warns(UserWarning, match="STAGE_ID") as warned:
        assert rows.to_arrow(labels=True).num_rows == 120
    assert warned[0].filename == __file__
