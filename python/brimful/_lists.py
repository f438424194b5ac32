"""Lists on their way: rows one by one, dataframes, files and stores."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

from . import _arguments, _native
from ._json import dumps
from ._operations import awaited, awaiting, described_by, wait, waiting
from ._report import Exported, ListReport, Misfit, report_of
from .errors import MisfitWarning

if TYPE_CHECKING:
    import duckdb
    import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]
    import polars
    import pyarrow  # type: ignore[import-untyped, import-not-found, unused-ignore]

    from ._operations import Operation

Row = dict[str, Any]
#: Where an export goes: a file, or a text that begins with a scheme, such as ``sqlite:portal.db``, for a store.
Target = Union[str, "os.PathLike[str]"]

#: What is behind the name of a field in the name of the column with its labels.
_LABEL = "__LABEL"
#: Fields that a warning names.
_NAMED_FIELDS = 10
# One letter before the colon is the drive of a file.
_STORE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


class Wanted(NamedTuple):
    """A list as it was asked for."""

    client: Union[_native.Client, _native.Rest3]
    method: str
    params: dict[str, Any]
    walk: Optional[str] = None
    resume_after: Optional[int] = None
    verify: bool = False
    check_names: bool = True
    tail: bool = True

    def native(self) -> _native.List:
        settings = {
            "walk": self.walk,
            "resume_after": self.resume_after,
            "verify": self.verify,
            "check_names": self.check_names,
            "tail": self.tail,
        }
        return self.client.list(self.method, dumps(self.params), settings)

    def exporting_client(self) -> _native.Client:
        """The client that exports it."""
        if isinstance(self.client, _native.Client):
            return self.client
        raise ValueError(
            f"{self.method} is a list of REST 3.0, which has no export: take batches(), or a dataframe and write that"
        )

    def arguments(self, target: Target, options: dict[str, Any]) -> list[str]:
        """The arguments of ``brimful export``."""
        if self.resume_after is not None:
            raise ValueError("resume_after is for rows: an export is resumed with resume=True")
        where = _arguments.path("target", target)
        params = dict(self.params)
        select = params.pop("select", None)
        arguments = [self.method, "--json", dumps(params)]
        is_store = isinstance(target, str) and _STORE.match(where) is not None
        arguments += ["--to" if is_store else "--output", where]
        if select:
            arguments += ["--select", ",".join(_arguments.texts("select", select))]
        if self.walk is not None:
            arguments += ["--walk", self.walk]
        if self.verify:
            arguments.append("--verify")
        if not self.check_names:
            arguments.append("--no-check")
        for name, value in options.items():
            option = f"--{name.replace('_', '-')}"
            if value is True:
                arguments.append(option)
            elif value is not None and value is not False and value != []:
                text = ",".join(value) if isinstance(value, list) else str(value)
                arguments += [option, text]
        return arguments


class _ListBase:
    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._native = wanted.native()
        self._process = os.getpid()
        self._has_begun = False
        self._frames: Optional[_native.Frames] = None
        self._exported: Optional[Exported] = None

    @property
    def report(self) -> Optional[ListReport]:
        """The account, once the list is complete."""
        if self._exported is not None:
            return self._exported.report
        return report_of(self._native.report())

    @property
    def progress(self) -> tuple[int, Optional[float]]:
        """Rows that came so far, and the share of the list that is read, from 0 to 1; ``None`` while it cannot be told."""
        return self._native.progress()

    @property
    def misfit_count(self) -> int:
        """How many values did not fit their columns so far: they are null there."""
        return 0 if self._frames is None else self._frames.misfits()[0]

    @property
    def misfits(self) -> list[Misfit]:
        """The values that did not fit their columns so far, up to 10,000 of them."""
        if self._frames is None:
            return []
        return [Misfit(**json.loads(line)) for line in self._frames.misfits()[1]]

    def close(self) -> None:
        """Stops reading."""
        self._native.close()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows as a stream of record batches, read while it is pulled: for any library that takes Arrow."""
        return self._as_frames((), "portal", False).__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        """The columns and their types. Reads the first rows."""
        return self._as_frames((), "portal", False).__arrow_c_schema__()

    def _begin(self) -> None:
        """Called before rows are asked for. Connections and threads do not come along into a process that was forked
        off, so a list that was begun cannot be read on there."""
        if self._process != os.getpid():
            if self._has_begun:
                raise RuntimeError(
                    f"{self._wanted.method}: this list was begun by the process {self._process}, from which this one "
                    "was forked off: make a new list here"
                )
            self._native = self._wanted.native()
            self._process = os.getpid()
        self._has_begun = True

    def _as_frames(self, columns: Sequence[str], types: str, labels: bool) -> _native.Frames:
        if types not in ("portal", "strings"):
            raise ValueError(f'types is "portal" or "strings", not {types!r}')
        chosen = _arguments.texts("columns", columns)
        wants_labels = labels or any(name.partition("=")[0].endswith(_LABEL) for name in chosen)
        if wants_labels and not isinstance(self._wanted.client, _native.Client):
            raise ValueError(f"labels: {self._wanted.method} is a list of REST 3.0, which has none")
        self._begin()
        if self._frames is None or chosen or labels or types != "portal":
            self._frames = self._native.frames(chosen, types == "strings", bool(labels))
        return self._frames

    def _next_rows(self) -> Operation[Optional[list[Row]]]:
        if self._frames is not None:
            raise ValueError("the rows of this list went into a dataframe: make a new list for rows")
        self._begin()
        rows: Optional[list[Row]] = yield self._native.next_rows()
        return rows

    def _next_batch(self) -> Operation[Optional[_native.Batch]]:
        frames = self._as_frames((), "portal", False)
        batch: Optional[_native.Batch] = yield frames.next_batch()
        return batch

    def _frame(self, columns: Sequence[str], types: str, labels: bool, *libraries: str) -> Operation[_native.Frame]:
        for library in libraries:
            # Before the rows are read: they can be read only once.
            _import(library)
        frame: _native.Frame = yield self._as_frames(columns, types, labels).collect()
        self._warn_of_misfits()
        return frame

    def _warn_of_misfits(self) -> None:
        """Says which fields have values that are null in the dataframe, and which have no labels although they have codes."""
        for doubt in self._frames.doubts() if self._frames is not None else ():
            warnings.warn(f"{self._wanted.method}: {doubt}", UserWarning, stacklevel=_outside())
        if not self.misfit_count:
            return
        fields = Counter(misfit.field for misfit in self.misfits)
        named = ", ".join(f"{field} ({count:,})" for field, count in fields.most_common(_NAMED_FIELDS))
        more = ", …" if len(fields) > _NAMED_FIELDS else ""
        warnings.warn(
            f"{self._wanted.method}: {self.misfit_count:,} values did not fit the columns and are missing in the "
            f"dataframe: {named}{more}. The property misfits of the list has them; types=\"strings\" has every value "
            "as text",
            MisfitWarning,
            stacklevel=_outside(),
        )

    def _export(
        self,
        target: Target,
        *,
        format: Optional[str] = None,
        table: Optional[str] = None,
        columns: Sequence[str] = (),
        types: Optional[str] = None,
        headers: Optional[str] = None,
        delimiter: Optional[str] = None,
        excel: bool = False,
        top: Optional[int] = None,
        resume: Union[bool, str] = "auto",
        no_tail: bool = False,
        labels: bool = False,
        partition_by: Optional[str] = None,
        report: Optional[Union[str, os.PathLike[str]]] = None,
        deadline: Optional[float] = None,
    ) -> Operation[Exported]:
        """Writes the list to a file or a store, as ``brimful export`` does. The file has its name when it is complete;
        until then it is ``NAME.partial``.

        :param target: a file, whose ending says in which format (``.jsonl``, ``.csv``, ``.tsv``, ``.xlsx``,
            ``.parquet``, ``.arrow``, the text formats with ``.gz`` or ``.zst`` behind), or a store: ``sqlite:portal.db``,
            ``postgres://user@host/database``, ``mysql://…``, ``clickhouse://…``, ``duckdb:portal.duckdb``,
            ``adbc:DRIVER?uri=…``, ``parquet:folder``, ``s3://bucket/prefix/``. A text with a scheme of two or more
            letters before its first colon is a store, a :class:`pathlib.Path` is always a file.
        :param format: the format, whatever the name says.
        :param table: the table of a store; without it it is named after the entity, such as ``crm_deal``.
        :param columns: these columns in this order; ``"FIELD=Name"`` gives one another name.
        :param types: ``"portal"`` or ``"strings"``.
        :param headers: ``"names"`` of fields, or ``"titles"``.
        :param delimiter: what stands between the values of a CSV file.
        :param excel: begins a CSV file with the mark by which Excel knows that it is Unicode.
        :param top: stops after so many rows.
        :param resume: ``"auto"`` resumes an interrupted export of the same list, if there is one;
            ``True`` does so too, and refuses what cannot be resumed; ``"never"`` or ``False`` drops what is left and
            starts again; ``"only"`` refuses to start again.
        :param no_tail: leaves out rows that appear above the highest ID of the start.
        :param labels: adds what people call stages, users, values of lists and other codes: columns such as
            ``STAGE_ID__LABEL`` in files, a table of labels and a view in databases.
        :param partition_by: puts rows of a time into a folder of their own, in a store of Parquet files: the column of
            a date, and ``:year``, ``:month`` or ``:day``.
        :param report: a file for the account of what happened when: a page to look at, or JSON if its name ends with
            ``.json``.
        :param deadline: seconds after which the export ends as an interrupted one; what has come is kept.
        :raises TypeError, ValueError: an argument makes no sense; the message names it.
        :raises ConfigError: the options ask for something impossible. Nothing was sent.
        :raises IncompleteError: rows are missing; those that came are in the partial file.
        """
        texts = {
            "format": format,
            "table": table,
            "types": types,
            "headers": headers,
            "delimiter": delimiter,
            "partition_by": partition_by,
        }
        for name, value in texts.items():
            if value is not None and not isinstance(value, str):
                raise TypeError(f"{name} is of type {type(value).__name__}, not str")
        options = {
            **texts,
            "columns": _arguments.texts("columns", columns),
            "excel": bool(excel),
            "top": None if top is None else _arguments.whole_number("top", top, 0),
            "resume": _resume(resume),
            "no_tail": bool(no_tail) or not self._wanted.tail,
            "labels": bool(labels),
            "report": None if report is None else _arguments.path("report", report),
            "deadline": None if deadline is None else f"{_arguments.number('deadline', deadline):f}s",
        }
        client = self._wanted.exporting_client()
        facts = yield client.export(self._wanted.arguments(target, options))
        facts["report"] = report_of(facts["report"])
        self._exported = Exported(**facts)
        return self._exported


def _import(library: str) -> None:
    try:
        importlib.import_module(library)
    except ModuleNotFoundError as error:
        if error.name != library:
            raise
        raise ModuleNotFoundError(f"this needs {library}: pip install {library}", name=library) from None


def _outside() -> int:
    """How far up the call lies that came from outside of this package, for a warning of the function that asks."""
    here = os.path.dirname(__file__)
    level, frame = 0, sys._getframe(1)
    while frame.f_back is not None and os.path.dirname(frame.f_code.co_filename) == here:
        level, frame = level + 1, frame.f_back
    return level + 1


def _arrow(frame: Any) -> pyarrow.Table:
    import pyarrow

    # pyarrow.table() imports pandas where it is installed, to see whether this is a dataframe of it.
    return pyarrow.RecordBatchReader.from_stream(frame).read_all()


def _polars(frame: Any) -> polars.DataFrame:
    import polars

    return polars.DataFrame(frame)


def _pandas(frame: Any, dtype_backend: str) -> pandas.DataFrame:
    import pandas

    if dtype_backend == "pyarrow":
        return _arrow(frame).to_pandas(types_mapper=pandas.ArrowDtype)
    if dtype_backend == "numpy":
        return _arrow(frame).to_pandas()
    raise ValueError(f'dtype_backend is "pyarrow" or "numpy", not {dtype_backend!r}')


def _duckdb(frame: Any, connection: Any) -> duckdb.DuckDBPyRelation:
    import duckdb

    relation: duckdb.DuckDBPyRelation = (connection or duckdb).from_arrow(_arrow(frame))
    return relation


def _resume(resume: Union[bool, str]) -> Optional[str]:
    if isinstance(resume, bool):
        # What is asked for by name must be possible: the program refuses a list that cannot be resumed.
        return "auto" if resume else "never"
    if resume not in ("auto", "never", "only"):
        raise ValueError(f'resume is {resume!r}: it is "auto", "never" or "only", True or False')
    return None if resume == "auto" else resume


class Rows(_ListBase, Iterator[Row]):
    """The rows of a list: iterate over them in bounded memory, or make a dataframe or a file of them. Each row is read
    once: a second dataframe needs a second list."""

    _ready: Iterator[Row] = iter(())

    def __iter__(self) -> Iterator[Row]:
        # No code of Python runs between two rows that are there.
        return chain.from_iterable(self._ready_ones())

    def __next__(self) -> Row:
        return next(iter(self))

    def _ready_ones(self) -> Iterator[Iterator[Row]]:
        """What is left of the rows that have come, and then of those that come."""
        yield self._ready
        while (rows := wait(self._next_rows())) is not None:
            self._ready = iter(rows)
            yield self._ready

    def chunks(self) -> Iterator[list[Row]]:
        """The rows in lists of about a megabyte of JSON."""
        while (rows := wait(self._next_rows())) is not None:
            yield rows

    def batches(
        self, *, columns: Sequence[str] = (), types: str = "portal", labels: bool = False
    ) -> Iterator[_native.Batch]:
        """The rows in record batches of up to 8,192 rows, in bounded memory. Libraries take them through
        ``__arrow_c_array__``: ``pyarrow.record_batch(batch)``. The parameters are those of :meth:`to_arrow`."""
        self._as_frames(columns, types, labels)
        while (batch := wait(self._next_batch())) is not None:
            yield batch

    def to_arrow(self, *, columns: Sequence[str] = (), types: str = "portal", labels: bool = False) -> pyarrow.Table:
        """All rows as a table of pyarrow, without a copy. Titles of fields are in the metadata of the columns.

        :param columns: these columns in this order; ``"FIELD=Name"`` gives one another name. Without ``select`` the
            portal is asked for their fields alone.
        :param types: ``"portal"`` takes the types from the portal's fields, ``"strings"`` has text in all columns.
        :param labels: adds columns with what people call stages, users, values of lists and other codes, such as
            ``STAGE_ID__LABEL``. Costs one request, and one more for every 2,500 users. ``columns`` may name such columns too.
        :raises IncompleteError: the list could not be read to its end.
        :raises ConfigError: there is no such column.
        """
        return _arrow(wait(self._frame(columns, types, labels, "pyarrow")))

    def to_polars(self, *, columns: Sequence[str] = (), types: str = "portal", labels: bool = False) -> polars.DataFrame:
        """All rows as a dataframe of polars, without a copy. The parameters are those of :meth:`to_arrow`."""
        return _polars(wait(self._frame(columns, types, labels, "polars")))

    def to_pandas(
        self,
        *,
        columns: Sequence[str] = (),
        types: str = "portal",
        labels: bool = False,
        dtype_backend: str = "pyarrow",
    ) -> pandas.DataFrame:
        """All rows as a dataframe of pandas. Needs pyarrow. The parameters are those of :meth:`to_arrow`, and

        :param dtype_backend: ``"pyarrow"`` keeps every value as it is; with ``"numpy"`` whole numbers become floats in
            columns with nulls.
        """
        return _pandas(wait(self._frame(columns, types, labels, "pandas", "pyarrow")), dtype_backend)

    def to_duckdb(
        self,
        connection: Optional[duckdb.DuckDBPyConnection] = None,
        *,
        columns: Sequence[str] = (),
        types: str = "portal",
        labels: bool = False,
    ) -> duckdb.DuckDBPyRelation:
        """All rows as a relation of DuckDB, in this connection or the one of the module. Needs pyarrow. The other
        parameters are those of :meth:`to_arrow`."""
        return _duckdb(wait(self._frame(columns, types, labels, "duckdb", "pyarrow")), connection)

    export = waiting(_ListBase._export)


class AsyncRows(_ListBase, AsyncIterator[Row]):
    """The rows of a list: iterate over them in bounded memory, or make a dataframe or a file of them. Each row is read
    once: a second dataframe needs a second list."""

    _ready: Iterator[Row] = iter(())

    def __aiter__(self) -> AsyncRows:
        return self

    async def __anext__(self) -> Row:
        for row in self._ready:
            return row
        rows = await awaited(self._next_rows())
        if rows is None:
            raise StopAsyncIteration
        self._ready = iter(rows)
        return next(self._ready)

    @described_by(Rows.chunks)
    async def chunks(self) -> AsyncIterator[list[Row]]:
        while (rows := await awaited(self._next_rows())) is not None:
            yield rows

    @described_by(Rows.batches)
    async def batches(
        self, *, columns: Sequence[str] = (), types: str = "portal", labels: bool = False
    ) -> AsyncIterator[_native.Batch]:
        self._as_frames(columns, types, labels)
        while (batch := await awaited(self._next_batch())) is not None:
            yield batch

    @described_by(Rows.to_arrow)
    async def to_arrow(
        self, *, columns: Sequence[str] = (), types: str = "portal", labels: bool = False
    ) -> pyarrow.Table:
        return _arrow(await awaited(self._frame(columns, types, labels, "pyarrow")))

    @described_by(Rows.to_polars)
    async def to_polars(
        self, *, columns: Sequence[str] = (), types: str = "portal", labels: bool = False
    ) -> polars.DataFrame:
        return _polars(await awaited(self._frame(columns, types, labels, "polars")))

    @described_by(Rows.to_pandas)
    async def to_pandas(
        self,
        *,
        columns: Sequence[str] = (),
        types: str = "portal",
        labels: bool = False,
        dtype_backend: str = "pyarrow",
    ) -> pandas.DataFrame:
        return _pandas(await awaited(self._frame(columns, types, labels, "pandas", "pyarrow")), dtype_backend)

    @described_by(Rows.to_duckdb)
    async def to_duckdb(
        self,
        connection: Optional[duckdb.DuckDBPyConnection] = None,
        *,
        columns: Sequence[str] = (),
        types: str = "portal",
        labels: bool = False,
    ) -> duckdb.DuckDBPyRelation:
        return _duckdb(await awaited(self._frame(columns, types, labels, "duckdb", "pyarrow")), connection)

    export = awaiting(_ListBase._export)
