"""The client: :class:`Client` waits, :class:`AsyncClient` is awaited. Both do the same."""

from __future__ import annotations

import contextlib
import math
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, Optional, TypeVar, Union

from . import _arguments, _native
from ._json import dumps, loads
from ._lists import AsyncRows, Rows, Wanted
from ._operations import awaited, described_by, one, wait
from ._report import Outcome

if TYPE_CHECKING:
    from ._operations import Operation

__all__ = ["AsyncClient", "AsyncOutcomes", "Client", "Outcomes"]

Params = Optional[Mapping[str, Any]]


def _outcome(key: Any, status: str, what: Any) -> Outcome:
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
        start: Callable[[list[Any]], Union[_native.Each, _native.Found]],
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
        self._parts: deque[tuple[int, Union[_native.Each, _native.Found]]] = deque()
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
                        _outcome(first + int(key) if self._is_numbered else key, status, what)
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


#: What the native part can count.
_MOST_ATTEMPTS = 2**32 - 1


def _rate(rate: Any) -> tuple[Optional[float], Optional[float]]:
    """The two numbers of a rate."""
    if rate is None:
        return None, None
    if isinstance(rate, (str, bytes, Mapping)) or not isinstance(rate, Iterable):
        raise TypeError(f"rate is {rate!r}: it is two numbers, such as (50, 2.0), or None")
    numbers = list(rate)
    if len(numbers) != 2:
        raise ValueError(f"rate has {len(numbers)} numbers: it is two, such as (50, 2.0)")
    burst, per_second = numbers
    return _arguments.number("rate", burst), _arguments.number("rate", per_second)


def _named(name: str, params: Any) -> Params:
    """Parameters by their names."""
    if params is not None and not isinstance(params, Mapping):
        raise TypeError(f"{name} is of type {type(params).__name__}, not a mapping")
    return params


def _iterable(name: str, value: Any) -> None:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"{name} is of type {type(value).__name__}, not an iterable")


def _id_text(one: Any) -> str:
    """An ID as it is sent. In a column with gaps pandas makes floats of whole numbers."""
    if isinstance(one, float):
        if math.isnan(one):
            raise ValueError("ids has a missing value (nan) in it: drop it, such as with dropna()")
        return f"{one:.0f}" if one.is_integer() else str(one)
    return str(one)


def _commands(commands: Any) -> list[tuple[str, str, str]]:
    """The commands of a batch with their parameters as JSON."""
    if not isinstance(commands, Mapping):
        raise TypeError(f"commands is of type {type(commands).__name__}, not a mapping")
    made = []
    for label, command in commands.items():
        _arguments.text("a label of commands", label)
        if isinstance(command, (str, bytes)) or not isinstance(command, Sequence) or len(command) != 2:
            raise TypeError(f"commands[{label!r}] is {command!r}: it is (method, params)")
        method, params = command
        made.append((label, _arguments.text(f"the method of commands[{label!r}]", method), dumps(params)))
    return made


RowsT = TypeVar("RowsT", Rows, AsyncRows)
OutcomesT = TypeVar("OutcomesT", Outcomes, AsyncOutcomes)


class _Base(Generic[RowsT, OutcomesT]):
    """What both clients have in common.

    :param webhook: the address of the webhook, ``https://example.bitrix24.ru/rest/1/code/``; with ``token`` the address
        of the portal.
    :param rate: how many requests may be sent at once, and how many a second after that: ``(50, 2.0)`` on all tariffs
        but Enterprise, which has ``(250, 5.0)``; ``None`` where the portal has no limit.
    :param operating_limit: seconds that a method may run in ten minutes (480).
    :param attempts: how often a call is tried that comes to nothing.
    :param batch_size: commands in a request, 50 at the most.
    :param verify_certificates: ``False`` takes any certificate.
    :param timeout: seconds for one request.
    :param token: a function that returns an access token, called for the first one and whenever the portal refuses the
        one at hand. It is called on another thread.
    :raises ConfigError: the address makes no sense.
    :raises TypeError, ValueError: a setting makes no sense; the message names it.
    """

    _rows: Callable[[Wanted], RowsT]
    _outcomes: Callable[..., OutcomesT]

    def __init__(
        self,
        webhook: str,
        *,
        rate: Optional[tuple[float, float]] = (50, 2.0),
        operating_limit: Optional[float] = None,
        attempts: Optional[int] = None,
        batch_size: int = 50,
        verify_certificates: bool = True,
        timeout: Optional[float] = None,
        token: Optional[Callable[[], str]] = None,
    ) -> None:
        burst, per_second = _rate(rate)
        if operating_limit is not None:
            operating_limit = _arguments.number("operating_limit", operating_limit)
        if attempts is not None:
            attempts = _arguments.whole_number("attempts", attempts, 1, _MOST_ATTEMPTS)
        if timeout is not None:
            timeout = _arguments.number("timeout", timeout)
        if token is not None and not callable(token):
            raise TypeError(f"token is of type {type(token).__name__}, not a function")
        batch_size = _arguments.whole_number("batch_size", batch_size, 1, 50)
        self._native = _native.Client(
            _arguments.text("webhook", webhook),
            burst=burst,
            per_second=per_second,
            operating_limit=operating_limit,
            attempts=attempts,
            batch_size=batch_size,
            verify_certificates=bool(verify_certificates),
            timeout=timeout,
            token=token,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._native.portal()!r})"

    @property
    def stats(self) -> dict[str, int]:
        """What was sent so far: requests, repeats, refusals, lost replies, bytes."""
        return self._native.stats()

    @contextlib.contextmanager
    def slow(self, requests: int = 1) -> Iterator[None]:
        """Has at most so many requests in flight inside of the block."""
        name = self._native.slow(_arguments.whole_number("requests", requests, 1))
        try:
            yield
        finally:
            self._native.end_slow(name)

    def list(
        self,
        method: str,
        params: Params = None,
        *,
        select: Optional[Sequence[str]] = None,
        filter: Params = None,
        walk: Optional[str] = None,
        resume_after: Optional[int] = None,
        verify: bool = False,
        check_names: bool = True,
    ) -> RowsT:
        """A whole list, each row once: rows to iterate over, a dataframe, or an export. Nothing is asked for before the
        first row is wanted. ``report`` of what this returns says at the end what is proved.

        :param select: the fields; the ID is always among them.
        :param filter: the conditions, as the portal takes them: ``{">ID": 100}``.
        :param walk: how to read it, where you know better: ``"lanes"``, ``"pages"``, …
        :param resume_after: leaves out the rows up to this ID.
        :param verify: has the portal count the rows by ranges of IDs.
        :param check_names: refuses names and values of filter, select and order that the entity does not have.
        :raises IncompleteError: while it is read: it could not be read to its end.
        """
        _arguments.text("method", method)
        whole = dict(_named("params", params) or {})
        if select is not None:
            whole["select"] = _arguments.texts("select", select)
        if filter is not None:
            whole["filter"] = _named("filter", filter)
        if walk is not None:
            _arguments.text("walk", walk)
        if resume_after is not None:
            resume_after = _arguments.whole_number("resume_after", resume_after, 0, 2**64 - 1)
        wanted = Wanted(
            self._native, method, whole, walk, resume_after, bool(verify), bool(check_names)
        )
        return self._rows(wanted)

    def call_each(
        self, method: str, items: Iterable[Params], *, idempotent: bool = False
    ) -> OutcomesT:
        """Calls a method once for each item, any number of them; an outcome for each, in their order. The items are
        taken some thousands at a time, as outcomes are read.

        Writes are never sent a second time unless it is certain that they did not run, or they are ``idempotent``.
        """
        _arguments.text("method", method)
        _iterable("items", items)

        def start(part: list[Params]) -> _native.Each:
            texts = [dumps(item) for item in part]
            return self._native.call_each(method, texts, idempotent=bool(idempotent))

        return self._outcomes(start, items, True)

    def get_by_id(
        self,
        method: str,
        ids: Iterable[Union[int, str]],
        params: Params = None,
        *,
        id_field: Optional[str] = None,
    ) -> OutcomesT:
        """Calls a method once for each ID; an outcome for each, in their order.

        :param id_field: the name of the parameter with the ID, where it is not known of the method.
        """
        _arguments.text("method", method)
        _iterable("ids", ids)
        if id_field is not None:
            _arguments.text("id_field", id_field)
        texts = [_id_text(one) for one in ids]
        given = dumps(_named("params", params))

        def start(part: list[str]) -> _native.Found:
            return self._native.get_by_id(method, part, given, id_field=id_field)

        # In one part: an ID that is given twice is asked for once.
        return self._outcomes(start, texts, False, max(len(texts), 1))

    def _call(self, method: str, params: Params) -> Operation[Any]:
        return loads((yield self._native.call(_arguments.text("method", method), dumps(params))))

    def _call_raw(self, method: str, params: Any) -> Operation[tuple[int, bytes]]:
        return one(self._native.call_raw(_arguments.text("method", method), dumps(params)))

    def _batch(
        self, commands: Mapping[str, tuple[str, Params]], halt: bool
    ) -> Operation[dict[str, Outcome]]:
        outcomes = yield self._native.batch(_commands(commands), halt=bool(halt))
        return {key: _outcome(key, status, what) for key, status, what in outcomes}


class Client(_Base[Rows, Outcomes]):
    __doc__ = "A client of one portal. Its calls wait; other threads go on meanwhile.\n\n" + (
        _Base.__doc__ or ""
    ).partition("\n\n")[2]

    _rows = Rows
    _outcomes = Outcomes

    def call(self, method: str, params: Params = None) -> Any:
        """Calls a method once and returns its ``result``.

        :raises ApiError: the portal answered with an error.
        """
        return wait(self._call(method, params))

    def call_raw(self, method: str, params: Any = None) -> tuple[int, bytes]:
        """Calls a method once; HTTP status and body, whatever they are."""
        return wait(self._call_raw(method, params))

    def batch(
        self, commands: Mapping[str, tuple[str, Params]], *, halt: bool = False
    ) -> dict[str, Outcome]:
        """Runs commands ``{label: (method, params)}``; an outcome for each. They may refer to each other with
        ``$result[label]``.

        :param halt: does not run the commands behind one that fails.
        """
        return wait(self._batch(commands, halt))


class AsyncClient(_Base[AsyncRows, AsyncOutcomes]):
    __doc__ = "A client of one portal for asyncio.\n\n" + (_Base.__doc__ or "").partition("\n\n")[2]

    _rows = AsyncRows
    _outcomes = AsyncOutcomes

    @described_by(Client.call)
    async def call(self, method: str, params: Params = None) -> Any:
        return await awaited(self._call(method, params))

    @described_by(Client.call_raw)
    async def call_raw(self, method: str, params: Any = None) -> tuple[int, bytes]:
        return await awaited(self._call_raw(method, params))

    @described_by(Client.batch)
    async def batch(
        self, commands: Mapping[str, tuple[str, Params]], *, halt: bool = False
    ) -> dict[str, Outcome]:
        return await awaited(self._batch(commands, halt))
