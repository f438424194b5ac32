"""Parameters as a query, for the commands of ``call_batch``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

__all__ = ["http_build_query"]


def http_build_query(params: Mapping[str, Any]) -> str:
    """Parameters as PHP reads them in the query of a command.

    >>> http_build_query({"ID": 7, "filter": {">ID": [1, 2]}})
    'ID=7&filter[%3EID][0]=1&filter[%3EID][1]=2&'

    Booleans are ``1`` and ``0``. ``None``, and lists and dicts with nothing in them, have no place in a query and are left
    out.
    """
    return "".join(f"{name}={quote(text, safe='')}&" for name, text in _values("", params))


def _values(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """The values inside of a value, each under the name that leads to it."""
    if isinstance(value, Mapping):
        items: Any = value.items()
    elif isinstance(value, (list, tuple, set, frozenset)):
        items = enumerate(value)
    else:
        if value is not None:
            yield name, str(int(value)) if isinstance(value, bool) else str(value)
        return
    for key, item in items:
        inner = quote(str(key), safe="")
        yield from _values(f"{name}[{inner}]" if name else inner, item)
