"""The client: :class:`Client` waits, :class:`AsyncClient` is awaited. Both do the same."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Optional, TypeVar, Union

from . import _native
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


class _OutcomesBase:
    def __init__(self, native: Union[_native.Each, _native.Found], is_numbered: bool) -> None:
        self._native = native
        self._is_numbered = is_numbered
        self._ready: Iterator[Outcome] = iter(())

    def _next(self) -> Operation[bool]:
        outcomes = yield self._native.next_outcomes()
        if outcomes is None:
            return False
        self._ready = iter(
            [
                _outcome(int(key) if self._is_numbered else key, status, what)
                for key, status, what in outcomes
            ]
        )
        return True


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
    :raises ConfigError: the address or a setting makes no sense.
    """

    _rows: Callable[[Wanted], RowsT]
    _outcomes: Callable[[Union[_native.Each, _native.Found], bool], OutcomesT]

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
        return self._native.stats()

    @contextlib.contextmanager
    def slow(self, requests: int = 1) -> Iterator[None]:
        """Has at most so many requests in flight inside of the block."""
        name = self._native.slow(requests)
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
        whole = dict(params or {})
        if select is not None:
            if isinstance(select, str):
                raise TypeError("select is a list of names, not one text")
            whole["select"] = list(select)
        if filter is not None:
            whole["filter"] = filter
        wanted = Wanted(
            self._native, method, whole, walk, resume_after, verify, check_names
        )
        return self._rows(wanted)

    def call_each(
        self, method: str, items: Iterable[Params], *, idempotent: bool = False
    ) -> OutcomesT:
        """Calls a method once for each item, any number of them; an outcome for each, in their order.

        Writes are never sent a second time unless it is certain that they did not run, or they are ``idempotent``.
        """
        texts = [dumps(item) for item in items]
        return self._outcomes(
            self._native.call_each(method, texts, idempotent=idempotent), True
        )

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
        texts = [str(one) for one in ids]
        return self._outcomes(
            self._native.get_by_id(method, texts, dumps(params), id_field=id_field), False
        )

    def _call(self, method: str, params: Params) -> Operation[Any]:
        return loads((yield self._native.call(method, dumps(params))))

    def _call_raw(self, method: str, params: Any) -> Operation[tuple[int, bytes]]:
        return one(self._native.call_raw(method, dumps(params)))

    def _batch(
        self, commands: Mapping[str, tuple[str, Params]], halt: bool
    ) -> Operation[dict[str, Outcome]]:
        made = [(label, method, dumps(params)) for label, (method, params) in commands.items()]
        outcomes = yield self._native.batch(made, halt=halt)
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
