"""Checks of arguments. What they raise has the name of the parameter."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ._json import dumps

__all__ = ["commands", "named", "number", "path", "text", "texts", "whole_number"]


def _wrong_type(name: str, value: Any, expected: str) -> TypeError:
    return TypeError(f"{name} is of type {type(value).__name__}, not {expected}")


def text(name: str, value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str):
        raise _wrong_type(name, value, "str")
    if not value.strip():
        raise ValueError(f"{name} is empty")
    return value


def texts(name: str, value: Any) -> list[str]:
    """A list of texts. One text would be taken apart into its letters."""
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{name} is a list of names, not one text")
    try:
        listed = list(value)
    except TypeError:
        raise _wrong_type(name, value, "a list of names") from None
    for one in listed:
        if not isinstance(one, str):
            raise TypeError(f"{name} has {one!r} in it, which is not a name")
    return listed


def whole_number(name: str, value: Any, least: int, most: Optional[int] = None) -> int:
    """A whole number between two bounds."""
    # True is a number to Python, and never meant as one.
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise _wrong_type(name, value, "int")
    given = int(value)
    if given < least or (most is not None and given > most):
        bounds = f"{least} or more" if most is None else f"between {least} and {most}"
        raise ValueError(f"{name} is {given}: it is {bounds}")
    return given


def number(name: str, value: Any) -> float:
    """A number above nothing."""
    if isinstance(value, (bool, str, bytes)):
        raise _wrong_type(name, value, "a number")
    try:
        given = float(value)
    except (TypeError, ValueError):
        raise _wrong_type(name, value, "a number") from None
    if not (math.isfinite(given) and given > 0):
        raise ValueError(f"{name} is {value}: it is a number above 0")
    return given


def path(name: str, value: Any) -> str:
    """A text, or what stands for the path of a file."""
    given = os.fspath(value) if isinstance(value, (str, os.PathLike)) else None
    if not isinstance(given, str):
        raise _wrong_type(name, value, "str or a path")
    return text(name, given)


def named(name: str, params: Any) -> dict[str, Any]:
    """Parameters by their names."""
    if params is not None and not isinstance(params, Mapping):
        raise _wrong_type(name, params, "a mapping")
    return dict(params or {})


def commands(given: Any) -> list[tuple[str, str, str]]:
    """The commands of a batch with their parameters as JSON."""
    if not isinstance(given, Mapping):
        raise _wrong_type("commands", given, "a mapping")
    made = []
    for label, command in given.items():
        text("a label of commands", label)
        if isinstance(command, (str, bytes)) or not isinstance(command, Sequence) or len(command) != 2:
            raise TypeError(f"commands[{label!r}] is {command!r}: it is (method, params)")
        method, params = command
        made.append((label, text(f"the method of commands[{label!r}]", method), dumps(params)))
    return made
