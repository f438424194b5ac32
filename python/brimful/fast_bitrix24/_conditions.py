"""What of a list's parameters is refused, and what is passed on with a warning, as fast_bitrix24 passed everything on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

__all__ = ["passed_on"]

# The words of the native part about names and values of a list.
_FLAG = re.compile(r"(\S+) is (?:true|false), which the portal does not read as yes or no: write [YN]")
_IN_FILTER = "the filter has "
_WHOLE_LIST = re.compile(rf"{_IN_FILTER}|would pass (?:it|them) over")
# Methods that answer with an error of their own if a filter has a name that they do not know.
_STRICT = ("catalog.", "crm.item.", "sale.")
_NAME = re.compile(r"\w.*")


def _with_letters(value: Any, flags: set[str]) -> Any:
    """A filter whose booleans under these names are the letters Y and N, in groups of conditions too."""
    if isinstance(value, Mapping):
        return {
            name: _letters(item) if _bare(name) in flags else _with_letters(item, flags)
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_with_letters(item, flags) for item in value]
    return value


def _bare(name: Any) -> str:
    """The field of a condition, without its sign."""
    found = _NAME.search(str(name))
    return found.group() if found else ""


def _letters(value: Any) -> Any:
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, (list, tuple)):
        return [_letters(item) for item in value]
    return value


def passed_on(
    method: str, params: Optional[Mapping[str, Any]], refusal: str
) -> Optional[tuple[dict[str, Any], bool]]:
    """The parameters to read a list with that was refused, and whether its names are checked then. Nothing if it stays
    refused: if the portal would pass a condition over and the whole list came."""
    given = dict(params or {})
    flags = set(_FLAG.findall(refusal))
    if flags:
        read = _with_letters(given, flags)
        if read != given:
            return read, True
    refuses_by_itself = method.startswith(_STRICT) and "would pass" not in refusal
    if _WHOLE_LIST.search(refusal) and not refuses_by_itself:
        return None
    return given, False
