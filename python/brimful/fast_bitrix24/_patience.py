"""Gives up on a portal that answers nothing but refusals, about when fast_bitrix24 does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from .._lists import _ListBase
from .._operations import Watch
from ..errors import BrimfulError

__all__ = ["Patience"]

#: Seconds in which nothing has come, and times in it at which requests were refused or lost, after which the calls end.
LONGEST = 20.0
MOST_FAILURES = 6
#: Seconds since the last of them. Operating time is waited for longer than this, after a single refusal.
RECENT = 12.0


class Patience(Watch):
    """What the calls of a client have waited for in vain. They share it: what one of them gets is a sign of life."""

    def __init__(self, stats: Callable[[], dict[str, int]]) -> None:
        self._stats = stats
        self._lists: WeakSet[_ListBase] = WeakSet()
        self._rows: Any = None
        self._waiting_since = 0.0
        self._failures = 0
        self._times_failed = 0
        self._failed_at = 0.0
        self._begin()

    def begin(self) -> None:
        """Called when a call begins. The time in which nobody called is not waited."""
        if time.monotonic() - self._looked_at > RECENT:
            self._begin()

    def reads(self, rows: _ListBase) -> None:
        """Takes the rows of a list for a sign of life, as they come."""
        self._lists.add(rows)

    def _begin(self) -> None:
        now = time.monotonic()
        self._looked_at = self._waiting_since = self._failed_at = now
        self._times_failed = 0
        self._failures = self._count()

    def _count(self) -> int:
        stats = self._stats()
        return stats["refusals"] + stats["lost"]

    def went_on(self) -> None:
        self._begin()

    def look(self) -> None:
        now = time.monotonic()
        self._looked_at = now
        rows = [one.progress[0] for one in tuple(self._lists)]
        if rows != self._rows:
            self._rows = rows
            self._begin()
            return
        failures = self._count()
        if failures != self._failures:
            self._failures, self._failed_at = failures, now
            self._times_failed += 1
        waited = now - self._waiting_since
        if waited >= LONGEST and self._times_failed >= MOST_FAILURES and now - self._failed_at < RECENT:
            raise BrimfulError(
                f"for {waited:.0f} s the portal has answered nothing: it has refused requests or lost them "
                f"{self._times_failed} times",
                # The last one may be on its way.
                {"kind": "Transport", "execution": "unknown"},
            )
