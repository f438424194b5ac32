"""The client: :class:`Client` waits, :class:`AsyncClient` is awaited. Both do the same."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Callable, NamedTuple, Optional, Union

from . import _native
from ._json import dumps, loads
from .errors import BrimfulError

__all__ = ["AsyncClient", "AsyncRows", "Client", "ListReport", "Outcome", "Rows"]

Params = Optional[Mapping[str, Any]]


class ListReport(NamedTuple):
    """The account of a list that was read to its end. Times are in seconds."""

    #: Rows that came.
    rows: int
    requests: int
    commands: int
    retries: int
    waited_for_limit: float
    waited_for_operating: float
    elapsed: float
    #: How the list was walked.
    strategy: str
    #: Every row up to this ID is there, if the list was read by ID.
    complete_to: Optional[int]
    #: What proves it: ``"by ID"``, ``"counted"``, ``"equal passes"``, ``"one reply"`` or ``"none"``.
    proof: str
    #: Rows that the portal counts and does not show to this user.
    hidden: int
    #: The ID to resume after, for ``resume_after``.
    resume_after: Optional[int]


class Outcome(NamedTuple):
    """What became of one call of many."""

    #: The number of the item from 0, its ID, or the label of its command.
    key: Any
    #: ``"done"``, ``"failed"``, ``"not run"`` or ``"unknown"``.
    status: str
    #: The result, if it is done.
    result: Any
    #: Why there is none.
    error: Optional[BrimfulError]

    def value(self) -> Any:
        """The result. Raises the error if there is none."""
        if self.error is not None:
            raise self.error
        return self.result


def _outcome(key: Any, status: str, what: Any) -> Outcome:
    if status == "done":
        return Outcome(key, status, loads(what), None)
    return Outcome(key, status, None, what)


async def _awaited(pending: _native.Pending) -> Any:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish() -> None:
        if not done.done():
            done.set_result(None)

    def wake() -> None:
        # The loop may have been closed meanwhile: then nobody waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(finish)

    pending.on_done(wake)
    try:
        await done
    except asyncio.CancelledError:
        pending.cancel()
        raise
    return pending.take()


def _report(native: Any) -> Optional[ListReport]:
    report = native.report()
    return None if report is None else ListReport(**report)


class _ListBase:
    def __init__(self, native: Any) -> None:
        self._native = native

    @property
    def report(self) -> Optional[ListReport]:
        """The account, once the list is complete."""
        return _report(self._native)

    @property
    def progress(self) -> tuple[int, float]:
        """Rows that came so far, and the share of the list that is read, from 0 to 1."""
        progress: tuple[int, float] = self._native.progress()
        return progress

    def close(self) -> None:
        """Stops reading."""
        self._native.close()


class Rows(_ListBase, Iterator[dict[str, Any]]):
    """The rows of a list, one by one, in bounded memory."""

    def __init__(self, native: Any) -> None:
        super().__init__(native)
        self._ready: Iterator[dict[str, Any]] = iter(())

    def chunks(self) -> Iterator[list[dict[str, Any]]]:
        """The rows in lists of about a megabyte of JSON."""
        while (text := self._native.next_rows().wait()) is not None:
            yield loads(text)

    def __iter__(self) -> Rows:
        return self

    def __next__(self) -> dict[str, Any]:
        for row in self._ready:
            return row
        text = self._native.next_rows().wait()
        if text is None:
            raise StopIteration
        self._ready = iter(loads(text))
        return next(self._ready)


class AsyncRows(_ListBase, AsyncIterator[dict[str, Any]]):
    """The rows of a list, one by one, in bounded memory."""

    def __init__(self, native: Any) -> None:
        super().__init__(native)
        self._ready: Iterator[dict[str, Any]] = iter(())

    async def chunks(self) -> AsyncIterator[list[dict[str, Any]]]:
        """The rows in lists of about a megabyte of JSON."""
        while (text := await _awaited(self._native.next_rows())) is not None:
            yield loads(text)

    def __aiter__(self) -> AsyncRows:
        return self

    async def __anext__(self) -> dict[str, Any]:
        for row in self._ready:
            return row
        text = await _awaited(self._native.next_rows())
        if text is None:
            raise StopAsyncIteration
        self._ready = iter(loads(text))
        return next(self._ready)


class _Base:
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
    :raises ConfigError: the address or a setting makes no sense.
    """

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
        burst, per_second = rate if rate is not None else (None, None)
        self._native = _native.Client(
            webhook,
            burst=burst,
            per_second=per_second,
            operating_limit=operating_limit,
            attempts=attempts,
            batch_size=batch_size,
            verify_certificates=verify_certificates,
            timeout=timeout,
            token=token,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._native.portal()!r})"

    @property
    def stats(self) -> dict[str, int]:
        """What was sent so far: requests, repeats, refusals, lost replies, bytes."""
        stats: dict[str, int] = self._native.stats()
        return stats

    @contextlib.contextmanager
    def slow(self, requests: int = 1) -> Iterator[None]:
        """Has at most so many requests in flight inside of the block."""
        name = self._native.slow(requests)
        try:
            yield
        finally:
            self._native.end_slow(name)

    def _list(
        self,
        method: str,
        params: Params,
        select: Optional[Sequence[str]],
        filter: Params,
        walk: Optional[str],
        resume_after: Optional[int],
        verify: bool,
    ) -> Any:
        whole = dict(params or {})
        if select is not None:
            whole["select"] = list(select)
        if filter is not None:
            whole["filter"] = filter
        return self._native.list(
            method, dumps(whole), walk=walk, resume_after=resume_after, verify=verify
        )

    def _get_by_id(
        self, method: str, ids: Iterable[Union[int, str]], params: Params, id_field: Optional[str]
    ) -> Any:
        return self._native.get_by_id(
            method, [str(one) for one in ids], dumps(params), id_field=id_field
        )

    def _batch(self, commands: Mapping[str, tuple[str, Params]], halt: bool) -> Any:
        made = [(label, method, dumps(params)) for label, (method, params) in commands.items()]
        return self._native.batch(made, halt=halt)


class Client(_Base):
    __doc__ = "A client of one portal. Its calls wait; other threads go on meanwhile.\n\n" + (
        _Base.__doc__ or ""
    ).partition("\n\n")[2]

    def call(self, method: str, params: Params = None) -> Any:
        """Calls a method once and returns its ``result``.

        :raises ApiError: the portal answered with an error.
        """
        return loads(self._native.call(method, dumps(params)).wait())

    def call_raw(self, method: str, params: Any = None) -> tuple[int, bytes]:
        """Calls a method once; HTTP status and body, whatever they are."""
        reply: tuple[int, bytes] = self._native.call_raw(method, dumps(params)).wait()
        return reply

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
    ) -> Rows:
        """A whole list, each row once. ``report`` of what this returns says at the end what is proved.

        :param walk: how to read it, where you know better: ``"lanes"``, ``"pages"``, …
        :param resume_after: leaves out the rows up to this ID.
        :param verify: has the portal count the rows by ranges of IDs.
        :raises IncompleteError: it could not be read to its end.
        """
        return Rows(self._list(method, params, select, filter, walk, resume_after, verify))

    def call_each(
        self, method: str, items: Iterable[Params], *, idempotent: bool = False
    ) -> Iterator[Outcome]:
        """Calls a method once for each item, any number of them; an outcome for each, in their order.

        Writes are never sent a second time unless it is certain that they did not run, or they are ``idempotent``.
        """
        each = self._native.call_each(
            method, [dumps(item) for item in items], idempotent=idempotent
        )
        while (outcomes := each.next_outcomes().wait()) is not None:
            for key, status, what in outcomes:
                yield _outcome(int(key), status, what)

    def get_by_id(
        self,
        method: str,
        ids: Iterable[Union[int, str]],
        params: Params = None,
        *,
        id_field: Optional[str] = None,
    ) -> Iterator[Outcome]:
        """Calls a method once for each ID; an outcome for each, in their order."""
        found = self._get_by_id(method, ids, params, id_field)
        while (outcomes := found.next_outcomes().wait()) is not None:
            for key, status, what in outcomes:
                yield _outcome(key, status, what)

    def batch(
        self, commands: Mapping[str, tuple[str, Params]], *, halt: bool = False
    ) -> dict[str, Outcome]:
        """Runs commands ``{label: (method, params)}``; an outcome for each. They may refer to each other with
        ``$result[label]``."""
        outcomes = self._batch(commands, halt).wait()
        return {key: _outcome(key, status, what) for key, status, what in outcomes}


class AsyncClient(_Base):
    __doc__ = "A client of one portal for asyncio.\n\n" + (_Base.__doc__ or "").partition("\n\n")[2]

    async def call(self, method: str, params: Params = None) -> Any:
        """Calls a method once and returns its ``result``.

        :raises ApiError: the portal answered with an error.
        """
        return loads(await _awaited(self._native.call(method, dumps(params))))

    async def call_raw(self, method: str, params: Any = None) -> tuple[int, bytes]:
        """Calls a method once; HTTP status and body, whatever they are."""
        reply: tuple[int, bytes] = await _awaited(self._native.call_raw(method, dumps(params)))
        return reply

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
    ) -> AsyncRows:
        """A whole list, each row once: ``async for row in client.list("crm.lead.list")``. See :meth:`Client.list`."""
        return AsyncRows(self._list(method, params, select, filter, walk, resume_after, verify))

    async def call_each(
        self, method: str, items: Iterable[Params], *, idempotent: bool = False
    ) -> AsyncIterator[Outcome]:
        """Calls a method once for each item. See :meth:`Client.call_each`."""
        each = self._native.call_each(
            method, [dumps(item) for item in items], idempotent=idempotent
        )
        while (outcomes := await _awaited(each.next_outcomes())) is not None:
            for key, status, what in outcomes:
                yield _outcome(int(key), status, what)

    async def get_by_id(
        self,
        method: str,
        ids: Iterable[Union[int, str]],
        params: Params = None,
        *,
        id_field: Optional[str] = None,
    ) -> AsyncIterator[Outcome]:
        """Calls a method once for each ID. See :meth:`Client.get_by_id`."""
        found = self._get_by_id(method, ids, params, id_field)
        while (outcomes := await _awaited(found.next_outcomes())) is not None:
            for key, status, what in outcomes:
                yield _outcome(key, status, what)

    async def batch(
        self, commands: Mapping[str, tuple[str, Params]], *, halt: bool = False
    ) -> dict[str, Outcome]:
        """Runs commands ``{label: (method, params)}``. See :meth:`Client.batch`."""
        outcomes = await _awaited(self._batch(commands, halt))
        return {key: _outcome(key, status, what) for key, status, what in outcomes}



