"""Errors that are not the portal's own words, as programs written for fast_bitrix24 catch them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from ..errors import BrimfulError, ConfigError

__all__ = ["as_programs_catch_it"]


_made: dict[tuple[type[Exception], ...], type[BrimfulError]] = {}


def _class_of(base: type[BrimfulError], others: tuple[type[Exception], ...]) -> type[BrimfulError]:
    bases = (base, *others)
    if bases not in _made:
        names = {"__doc__": base.__doc__, "__module__": base.__module__, "__reduce__": _reduce}
        _made[bases] = type(base.__name__, bases, names)
    return _made[bases]


def _reduce(error: BrimfulError) -> tuple[Any, ...]:
    # A class that is made here has no name under which another process finds it.
    base = type(error).__bases__[0]
    return _again, (base, error.args), error.__dict__


def _again(base: type[BrimfulError], args: tuple[Any, ...]) -> BrimfulError:
    return _class_of(base, _others())(*args)


def _others() -> tuple[type[Exception], ...]:
    # A program that catches errors of aiohttp has imported it: for others it is not imported.
    client_error = getattr(sys.modules.get("aiohttp"), "ClientError", None)
    return (RuntimeError,) if client_error is None else (RuntimeError, client_error)


def as_programs_catch_it(error: BrimfulError, outcomes: Iterable[Any] = ()) -> BrimfulError:
    """The same error, which is also a ``RuntimeError`` and, in a program that uses aiohttp, an ``aiohttp.ClientError``.
    Its ``outcomes`` are those of all calls, where several were made.

    A call that makes no sense stays the ``ValueError`` that it is.
    """
    if isinstance(error, (ConfigError, RuntimeError)):
        return error
    made = _class_of(type(error), _others())(*error.args)
    made.__dict__.update(error.__dict__, outcomes=list(outcomes))
    return made
