"""The checks of arguments that programs may rely on."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Optional


def _violation_error() -> type[AssertionError]:
    """The class that programs catch, where they have icontract."""
    try:
        import icontract
    except ImportError:
        return type("ViolationError", (AssertionError,), {"__doc__": "A call breaks a rule."})
    error: type[AssertionError] = icontract.ViolationError
    return error


ViolationError = _violation_error()

__all__ = ["ViolationError"]

LISTS = (".list", ".getlist", ".fields", ".getavaliableforpayment", ".types")
READS = (*LISTS, ".get")
CLAUSES: dict[str, tuple[type, ...]] = {
    "SELECT": (list, tuple, set),
    "HALT": (int,),
    "CMD": (dict,),
    "LIMIT": (int,),
    "ORDER": (dict,),
    "FILTER": (dict,),
    "START": (int,),
    "FIELDS": (dict,),
}


def require(holds: Any, message: str) -> None:
    if not holds:
        raise ViolationError(message)


def method_name(method: Any) -> str:
    """The method as it is sent: in lower case, without blanks around it."""
    if not isinstance(method, str):
        raise TypeError(f"method is of type {type(method).__name__}, not str")
    require(method, "Method cannot be empty")
    name = method.lower().strip()
    require(name != "batch", "Method cannot be 'batch'. Use call_batch() instead.")
    return name


def clauses(params: Optional[Mapping[str, Any]]) -> dict[str, Any]:
    """The parameters by their names in capitals, each of the type that it has to be of."""
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        raise TypeError(f"params is of type {type(params).__name__}, not dict")
    for key in params:
        if not isinstance(key, str):
            raise TypeError(f"params has a name of type {type(key).__name__}, not str: {key!r}")
    found = {key.upper().strip(): value for key, value in params.items()}
    for name, value in found.items():
        expected = CLAUSES.get(name)
        if expected is not None and not isinstance(value, expected):
            raise TypeError(
                f'Clause "{name}" should be of type {expected[0]}, but its type is {type(value)}'
            )
    condition = found.get("FILTER")
    if condition and None in condition.values():
        warn("Using None as filter value confuses Bitrix. Try using an empty string.")
    return found


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warns at the line of the program that has called the package."""
    package = __name__.partition(".")[0]
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(package):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def not_empty(items: Optional[Iterable[Any]], message: str) -> list[Any]:
    require(items is not None, message)
    listed = list(items or ())
    require(listed, message)
    return listed
