"""The outcomes of many calls on their way."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Optional, Union

from . import _native
from ._json import loads
from ._operations import awaited, wait
from ._report import Outcome

if TYPE_CHECKING:
    from ._operations import Operation

__all__ = ["AsyncOutcomes", "Outcomes", "outcome"]

NativeOutcomes = Union[_native.Each, _native.Found, _native.Listed]


def outcome(key: Any, status: str, what: Any) -> Outcome:
    if status == "done":
        return Outcome(key, status, loads(what), None)
    return Outcome(key, status, None, what)


#: Calls of a part: enough that the portal is busy with one part while the next is made.
_PART_SIZE = 2_500
#: Parts whose calls run at the same time.
_MOST_PARTS = 2


class _OutcomesBase:
    """Outcomes of parts of the calls, which are started one after the other as their outcomes are taken."""

    def __init__(
        self,
        start: Callable[[list[Any]], NativeOutcomes],
        items: Iterable[Any],
        is_numbered: bool,
        part_size: int = _PART_SIZE,
    ) -> None:
        self._start = start
        self._part_size = part_size
        self._items = iter(items)
        self._is_numbered = is_numbered
        self._process = os.getpid()
        self._failed: Optional[BaseException] = None
        #: Parts on their way, each with the number of its first call.
        self._parts: deque[tuple[int, NativeOutcomes]] = deque()
        self._started = 0
        self._ready: Iterator[Outcome] = iter(())
        # Calls that make no sense are said at once.
        self._start_parts(1)
        if self._failed is not None:
            raise self._failed

    def _start_parts(self, most: int) -> None:
        while self._failed is None and len(self._parts) < most:
            part: list[Any] = []
            try:
                part.extend(islice(self._items, self._part_size))
                if not part:
                    return
                self._parts.append((self._started, self._start(part)))
            except Exception as error:
                # The calls before it have been started: their outcomes come first.
                self._failed = error
            self._started += len(part)

    def _next(self) -> Operation[bool]:
        if self._process != os.getpid():
            raise RuntimeError(
                f"these calls were begun by the process {self._process}, from which this one was forked off"
            )
        self._start_parts(_MOST_PARTS)
        while self._parts:
            first, native = self._parts[0]
            outcomes = yield native.next_outcomes()
            if outcomes is not None:
                self._ready = iter(
                    [
                        outcome(first + int(key) if self._is_numbered else key, status, what)
                        for key, status, what in outcomes
                    ]
                )
                return True
            self._parts.popleft()
            self._start_parts(_MOST_PARTS)
        if self._failed is not None:
            raise self._failed
        return False

    def close(self) -> None:
        """Sends nothing any more. What has not come yet is not known."""
        self._parts.clear()
        self._items = iter(())


class Outcomes(_OutcomesBase, Iterator[Outcome]):
    """The outcomes of many calls, in the order in which they were asked for."""

    def __iter__(self) -> Outcomes:
        return self

    def __next__(self) -> Outcome:
        for outcome in self._ready:
            return outcome
        if not wait(self._next()):
            raise StopIteration
        return next(self._ready)


class AsyncOutcomes(_OutcomesBase, AsyncIterator[Outcome]):
    """The outcomes of many calls, in the order in which they were asked for."""

    def __aiter__(self) -> AsyncOutcomes:
        return self

    async def __anext__(self) -> Outcome:
        for outcome in self._ready:
            return outcome
        if not await awaited(self._next()):
            raise StopAsyncIteration
        return next(self._ready)
