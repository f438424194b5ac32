"""JSON texts for the native part, and what comes back."""

from __future__ import annotations

import json
from collections.abc import KeysView, Mapping, Sequence, ValuesView
from typing import Any

loads = json.loads


def _other(value: Any) -> Any:
    # Imported late: most parameters have neither.
    import datetime
    import decimal

    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    # Numbers and arrays of numpy, series of pandas and polars; conditions of REST 3.0.
    for name in ("tolist", "to_list", "_as_json"):
        convert = getattr(value, name, None)
        if callable(convert):
            return convert()
    if isinstance(value, (Sequence, KeysView, ValuesView)) and not isinstance(value, (bytes, bytearray)):
        return list(value)
    raise TypeError(f"a parameter is of type {type(value).__name__}, which JSON does not have")


def dumps(value: Any) -> str:
    """The JSON of parameters. Dates become ISO 8601, decimals texts; tuples, sets, ranges, arrays and series lists."""
    if value is None:
        return "{}"
    return json.dumps(value, default=_other, ensure_ascii=False, allow_nan=False)
