"""What of a list's parameters is refused, and what is passed on with a warning, as fast_bitrix24 passed everything on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

from ..errors import ConfigError

__all__ = ["passed_on"]

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
    method: str, params: Optional[Mapping[str, Any]], refusal: ConfigError
) -> Optional[tuple[dict[str, Any], bool, bool]]:
    """The parameters to read a list with that was refused, whether its names are checked then, and whether the program is
    warned. Nothing if it stays refused: if the portal would pass a condition over and the whole list came."""
    given = dict(params or {})
    # The rows come with all their fields, with it and without it.
    selects = {problem.name for problem in refusal.problems if problem.kind == "select_passed_over"}
    if selects:
        return {name: value for name, value in given.items() if name not in selects}, True, True
    flags = {problem.name for problem in refusal.problems if problem.kind == "boolean_for_letter"}
    if flags:
        read = _with_letters(given, flags)
        if read != given:
            return read, True, False
    kinds = {problem.kind for problem in refusal.problems}
    if "passed_over" in kinds or ("unknown_in_filter" in kinds and not method.startswith(_STRICT)):
        return None
    return given, False, True
