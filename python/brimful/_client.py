"""The client: :class:`Client` waits, :class:`AsyncClient` is awaited. Both do the same."""

from __future__ import annotations

import contextlib
import copy
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Optional, TypeVar, Union

from . import _arguments, _files, _native
from ._fields import Field, fields_of
from ._files import BinaryWriter, Downloaded
from ._json import dumps, loads
from ._limits import Limits, limits_of
from ._lists import AsyncRows, Rows, Wanted
from ._oauth import OAuth
from ._operations import awaiting, one, waiting
from ._outcomes import AsyncOutcomes, Outcomes, outcome
from ._report import Outcome
from .rest3 import AsyncRest3, Rest3

if TYPE_CHECKING:
    from ._operations import Operation

__all__ = ["AsyncClient", "Client"]

Params = Optional[Mapping[str, Any]]


#: What the native part can count.
_MOST_ATTEMPTS = 2**32 - 1
_MOST_BYTES = 2**63 - 1
#: All tariffs but Enterprise.
_STANDARD_RATE = (50, 2.0)
#: Replies of a method that a cache keeps, unless it is told how many.
_CACHED_REPLIES = 1_000


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


def _time(name: str, seconds: Any) -> Optional[float]:
    return None if seconds is None else _arguments.number(name, seconds)


def _proxy(proxy: Any) -> tuple[Optional[str], bool]:
    """The address of a proxy, and whether there may be one."""
    if proxy is None or proxy is False:
        return None, proxy is None
    return _arguments.text("proxy", proxy), True


def _cache(cache: Any) -> list[tuple[str, float, int]]:
    """What a cache keeps: of each method how many seconds, and how many replies."""
    if cache is None:
        return []
    if not isinstance(cache, Mapping):
        raise TypeError(f"cache is of type {type(cache).__name__}, not a mapping of methods to seconds")
    kept = []
    for method, how in cache.items():
        _arguments.text("a method of cache", method)
        name = f"cache[{method!r}]"
        seconds, replies = how if isinstance(how, tuple) and len(how) == 2 else (how, _CACHED_REPLIES)
        kept.append((method, _arguments.number(name, seconds), _arguments.whole_number(name, replies, 1)))
    return kept


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


def _credential(webhook: Any, token: Any, oauth: Any) -> dict[str, Any]:
    """Who calls."""
    if token is not None and not callable(token):
        raise TypeError(f"token is of type {type(token).__name__}, not a function")
    if oauth is None:
        if webhook is None:
            raise TypeError("webhook is missing: give the address of a webhook, or oauth")
        return {"address": _arguments.text("webhook", webhook), "token": token, "oauth": None}
    if not isinstance(oauth, OAuth):
        raise TypeError(f"oauth is of type {type(oauth).__name__}, not OAuth")
    if webhook is not None or token is not None:
        raise ValueError("oauth has the portal and its tokens: leave webhook and token out")
    return {"address": None, "token": None, "oauth": oauth._native}


def _shared_limits(other: Any, rate: Any, operating_limit: Any) -> dict[str, Any]:
    """The limits of a client."""
    if other is None:
        burst, per_second = _rate(rate)
        operating = _time("operating_limit", operating_limit)
        return {"limits_of": None, "burst": burst, "per_second": per_second, "operating_limit": operating}
    if not isinstance(other, _Base):
        raise TypeError(f"limits_of is of type {type(other).__name__}, not a client")
    if rate != _STANDARD_RATE or operating_limit is not None:
        raise ValueError("limits_of has the rate and the operating_limit of the other client: give them to that one")
    return {"limits_of": other._native, "burst": None, "per_second": None, "operating_limit": None}


RowsT = TypeVar("RowsT", Rows, AsyncRows)
OutcomesT = TypeVar("OutcomesT", Outcomes, AsyncOutcomes)
ClientT = TypeVar("ClientT", bound="_Base[Any, Any]")


class _Base(Generic[RowsT, OutcomesT]):
    """What both clients have in common.

    Make one client for each portal and keep it: its calls share connections and limits, from any number of threads.

    :param webhook: the address of the webhook, ``https://example.bitrix24.ru/rest/1/code/``; with ``token`` the address
        of the portal.
    :param rate: how many requests may be sent at once, and how many a second after that: ``(50, 2.0)`` on all tariffs
        but Enterprise, which has ``(250, 5.0)`` (Bitrix24 REST documentation, "Limits"); ``None`` where the portal has no
        limit.
    :param operating_limit: seconds that a method may run in ten minutes: 480 (the same page). Less is learned from the
        portal.
    :param limits_of: another client of the same portal, whose rate this one shares: a portal counts by the address that
        requests come from, whatever the webhook.
    :param attempts: how often a call is tried that comes to nothing (14).
    :param give_up_after: seconds for which one call is tried, waits for limits included (1,200). See also
        :meth:`with_deadline`.
    :param batch_size: commands in a request, 50 at the most (Bitrix24 REST documentation, "batch").
    :param check_parameters: refuses parameters that the portal would pass over or misread, before anything is sent.
    :param cache: replies to keep: how many seconds for each method, ``{"crm.status.list": 3600}``, or seconds and how
        many replies, ``{"user.get": (300, 1000)}``. A write of the same entity by this client forgets them.
    :param timeout: seconds for one request, from sending to the end of the answer (90).
    :param connect_timeout: seconds in which a connection must be made (10).
    :param user_agent: what the client calls itself.
    :param proxy: the address of a proxy, ``"http://user:password@proxy.local:3128"``. ``None`` takes that of the system,
        ``False`` none.
    :param verify_certificates: ``False`` takes any certificate. Anyone on the way can then read and change everything.
    :param ca_file: a file of certificates in PEM that are trusted too: for a portal with an authority of its own.
    :param http1_only: keeps to HTTP/1.1.
    :param max_reply: bytes that a reply may have, unpacked (256 MiB).
    :param token: a function that returns an access token, called for the first one and whenever the portal refuses the
        one at hand. It is called on another thread.
    :param oauth: an application, instead of ``webhook``: :class:`OAuth`.
    :raises ConfigError: the address makes no sense, or a setting.
    :raises BrimfulError: the store of ``oauth`` has no tokens, or cannot be read.
    :raises TypeError, ValueError: a setting makes no sense; the message names it.
    """

    _rows: Callable[[Wanted], RowsT]
    _outcomes: Callable[..., OutcomesT]

    def __init__(
        self,
        webhook: Optional[str] = None,
        *,
        rate: Optional[tuple[float, float]] = _STANDARD_RATE,
        operating_limit: Optional[float] = None,
        limits_of: Optional[_Base[Any, Any]] = None,
        attempts: Optional[int] = None,
        give_up_after: Optional[float] = None,
        batch_size: int = 50,
        check_parameters: bool = True,
        cache: Optional[Mapping[str, Union[float, tuple[float, int]]]] = None,
        timeout: Optional[float] = None,
        connect_timeout: Optional[float] = None,
        user_agent: Optional[str] = None,
        proxy: Union[str, bool, None] = None,
        verify_certificates: bool = True,
        ca_file: Union[str, os.PathLike[str], None] = None,
        http1_only: bool = False,
        max_reply: Optional[int] = None,
        token: Optional[Callable[[], str]] = None,
        oauth: Optional[OAuth] = None,
    ) -> None:
        if attempts is not None:
            attempts = _arguments.whole_number("attempts", attempts, 1, _MOST_ATTEMPTS)
        if max_reply is not None:
            max_reply = _arguments.whole_number("max_reply", max_reply, 1, _MOST_BYTES)
        proxy_address, use_proxy = _proxy(proxy)
        settings = {
            **_credential(webhook, token, oauth),
            **_shared_limits(limits_of, rate, operating_limit),
            "attempts": attempts,
            "give_up_after": _time("give_up_after", give_up_after),
            "batch_size": _arguments.whole_number("batch_size", batch_size, 1, 50),
            "check_parameters": bool(check_parameters),
            "cache": _cache(cache),
            "timeout": _time("timeout", timeout),
            "connect_timeout": _time("connect_timeout", connect_timeout),
            "user_agent": None if user_agent is None else _arguments.text("user_agent", user_agent),
            "proxy": proxy_address,
            "use_proxy": use_proxy,
            "verify_certificates": bool(verify_certificates),
            "ca_file": None if ca_file is None else _arguments.path("ca_file", ca_file),
            "http1_only": bool(http1_only),
            "max_reply": max_reply,
        }
        self._native = _native.Client(settings)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._native.portal()!r})"

    def close(self) -> None:
        """Ends the client: nothing is called by it any more. Lists and calls that have begun come to their end, and
        clients that were made of it stay. A client that is let go of needs no ``close()``."""
        self._native.close()

    def _derived(self: ClientT, native: _native.Client) -> ClientT:
        derived = copy.copy(self)
        derived._native = native
        return derived

    def with_deadline(self: ClientT, seconds: float) -> ClientT:
        """The same client, whose calls and lists end with an error of kind ``"Deadline"`` when so many seconds have passed,
        counted from now. It shares connections and limits.

        >>> client.with_deadline(5).call("crm.lead.get", {"id": 7})  # doctest: +SKIP
        """
        return self._derived(self._native.with_deadline(_arguments.number("seconds", seconds)))

    def with_priority(self: ClientT, priority: str) -> ClientT:
        """The same client, whose calls wait for the portal's limit with another priority. It shares connections and limits.

        :param priority: ``"high"`` goes before all others: somebody waits for it. ``"normal"``. ``"low"`` goes only when
            nobody else asks, and may wait for ever while others ask.
        """
        return self._derived(self._native.with_priority(_arguments.text("priority", priority)))

    def job(self: ClientT) -> ClientT:
        """The same client as a job of its own: its calls take turns with those of other jobs, however many there are."""
        return self._derived(self._native.job())

    @property
    def stats(self) -> dict[str, int]:
        """What was sent so far: requests, repeats, refusals, lost replies, bytes. Also by the clients that share its
        connections."""
        return self._native.stats()

    def limits(self) -> Limits:
        """How the portal's limits stand now. Nothing is sent."""
        return limits_of(self._native.limits())

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
        tail: bool = True,
    ) -> RowsT:
        """A whole list, each row once: rows to iterate over, a dataframe, or an export. Nothing is asked for before the
        first row is wanted. ``report`` of what this returns says at the end what is proved.

        >>> for deal in client.list("crm.deal.list", select=["ID", "TITLE"]):  # doctest: +SKIP
        ...     print(deal)
        {'ID': '1', 'TITLE': '...'}

        A row is a dict of what the portal sends: most numbers are texts, yes and no are ``"Y"`` and ``"N"``, moments are
        ISO 8601 with the portal's zone, and fields without a value are ``None`` or ``""``. Dataframes have types.

        :param method: a method that lists: ``"crm.deal.list"``, ``"user.get"``, ``"tasks.task.list"``.
        :param params: what the method takes beside ``select`` and ``filter``: ``{"entityTypeId": 128}``. Not ``start``.

        :param select: the fields; the ID is always among them.
        :param filter: the conditions, as the portal takes them: ``{">ID": 100}``.
        :param walk: how to read it, where you know better: ``"lanes"``, ``"pages"``, …
        :param resume_after: leaves out the rows up to this ID.
        :param verify: has the portal count the rows by ranges of IDs; ``verification`` of the report has what differed.
        :param check_names: refuses names and values of filter, select and order that the entity does not have.
        :param tail: reads rows too that appear above the highest ID of the start.
        :raises ConfigError: at the first row: the parameters make no list, or have names that the entity does not have.
        :raises ApiError: at the first row: the portal answered with an error.
        :raises IncompleteError: while it is read: it could not be read to its end. ``report.resume_after`` of the error says
            where to go on.
        """
        _arguments.text("method", method)
        whole = _arguments.named("params", params)
        if select is not None:
            whole["select"] = _arguments.texts("select", select)
        if filter is not None:
            whole["filter"] = _arguments.named("filter", filter)
        if walk is not None:
            _arguments.text("walk", walk)
        if resume_after is not None:
            resume_after = _arguments.whole_number("resume_after", resume_after, 0, 2**64 - 1)
        wanted = Wanted(
            self._native, method, whole, walk, resume_after, bool(verify), bool(check_names), bool(tail)
        )
        return self._rows(wanted)

    def call_each(
        self,
        method: str,
        items: Iterable[Params],
        *,
        idempotent: bool = False,
        check_names: bool = False,
    ) -> OutcomesT:
        """Calls a method once for each item, any number of them; an outcome for each, in their order. The items are
        taken some thousands at a time, as outcomes are read.

        >>> [one.value() for one in client.call_each("crm.lead.add", [{"fields": {"TITLE": "a"}}])]  # doctest: +SKIP
        [101]

        ``key`` of an outcome is the number of its item from 0. Writes are never sent a second time unless it is certain that
        they did not run, or they are ``idempotent``.

        :param items: the parameters of each call.
        :param check_names: refuses items whose filter, select or order has a name that the entity does not have, where the
            method is a list.
        """
        _arguments.text("method", method)
        _iterable("items", items)

        def start(part: list[Params]) -> _native.Each:
            texts = [dumps(item) for item in part]
            return self._native.call_each(
                method, texts, idempotent=bool(idempotent), check_names=bool(check_names)
            )

        return self._outcomes(start, items, True)

    def get_by_id(
        self,
        method: str,
        ids: Iterable[Union[int, str]],
        params: Params = None,
        *,
        id_field: Optional[str] = None,
    ) -> OutcomesT:
        """Calls a method once for each ID, 50 in a request; an outcome for each, in their order. ``key`` of an outcome is the
        ID as a text. An ID that is given twice is asked for once.

        :param ids: numbers or texts.
        :param params: what each call takes beside the ID.
        :param id_field: the name of the parameter with the ID, where it is not known of the method.
        """
        _arguments.text("method", method)
        _iterable("ids", ids)
        if id_field is not None:
            _arguments.text("id_field", id_field)
        texts = [_id_text(one) for one in ids]
        given = dumps(_arguments.named("params", params))

        def start(part: list[str]) -> _native.Found:
            return self._native.get_by_id(method, part, given, id_field=id_field)

        # In one part: an ID that is given twice is asked for once.
        return self._outcomes(start, texts, False, max(len(texts), 1))

    def list_and_get(
        self,
        list_method: str,
        get_method: str,
        params: Params = None,
        *,
        filter: Params = None,
        get_params: Params = None,
        id_field: Optional[str] = None,
        resume_after: Optional[int] = None,
        check_names: bool = True,
    ) -> OutcomesT:
        """Calls a method for each row of a list, by its ID, while the list is read; an outcome for each, in the order of the
        list.

        >>> client.list_and_get("crm.deal.list", "crm.deal.get", filter={"STAGE_ID": "WON"})  # doctest: +SKIP

        :param params: what the list takes, without ``select``: ``{"entityTypeId": 128}``.
        :param filter: the conditions of the list.
        :param get_params: what the other method takes beside the ID.
        :param id_field: the name of the parameter with the ID, where it is not known of the method.
        :param resume_after: leaves out the rows up to this ID.
        :param check_names: refuses names and values of the filter that the entity does not have.
        :raises IncompleteError: while it is read: the list could not be read to its end.
        """
        methods = _arguments.text("list_method", list_method), _arguments.text("get_method", get_method)
        of_list = _arguments.named("params", params)
        if filter is not None:
            of_list["filter"] = _arguments.named("filter", filter)
        if id_field is not None:
            _arguments.text("id_field", id_field)
        if resume_after is not None:
            resume_after = _arguments.whole_number("resume_after", resume_after, 0, 2**64 - 1)
        given = dumps(of_list), dumps(_arguments.named("get_params", get_params))
        settings = {
            "walk": None,
            "resume_after": resume_after,
            "verify": False,
            "check_names": bool(check_names),
            "tail": True,
        }

        def start(_: list[None]) -> _native.Listed:
            return self._native.list_and_get(methods, given, settings, id_field=id_field)

        return self._outcomes(start, [None], False, 1)

    def _call(self, method: str, params: Any = None, *, idempotent: bool = False) -> Operation[Any]:
        """Calls a method once and returns its ``result``: what its JSON is in Python. A write whose reply is lost is not
        sent again.

        :param params: the parameters by name; a list gives them by position, as old methods take them. Dates and decimals
            become texts.
        :param idempotent: it may run twice without harm, so it is sent again where its reply is lost.
        :raises ApiError: the portal answered with an error.
        :raises ConfigError: the parameters make no sense. Nothing was sent.
        :raises BrimfulError: no proper answer came; ``execution`` says whether it may have run.
        """
        given = dumps(params)
        return loads(
            (yield self._native.call(_arguments.text("method", method), given, idempotent=bool(idempotent)))
        )

    def _call_raw(self, method: str, params: Any = None) -> Operation[tuple[int, bytes]]:
        """Calls a method once; HTTP status and body, whatever they are.

        :raises BrimfulError: there was no answer, or none of a portal.
        """
        return one(self._native.call_raw(_arguments.text("method", method), dumps(params)))

    def _batch(
        self,
        commands: Mapping[str, tuple[str, Params]],
        *,
        halt: bool = False,
        references: str = "client",
    ) -> Operation[dict[str, Outcome]]:
        """Runs commands ``{label: (method, params)}``, 50 in a request; an outcome for each. They may refer to each other
        with ``$result[label]``.

        :param halt: does not run the commands behind one that fails.
        :param references: ``"client"`` sends a command that writes and refers to another one in a later request, with the
            value in place, and does not send it where there is no such value; ``"portal"`` leaves references to the portal,
            which then runs the command with another value.
        """
        if references not in ("client", "portal"):
            raise ValueError(f'references is {references!r}: it is "client" or "portal"')
        outcomes = yield self._native.batch(
            _arguments.commands(commands),
            halt=bool(halt),
            references_by_portal=references == "portal",
        )
        return {key: outcome(key, status, what) for key, status, what in outcomes}

    def _fields(self, entity: str, params: Params = None) -> Operation[dict[str, Field]]:
        """The fields of an entity by their names in rows, in the portal's order.

        :param entity: ``"crm.deal"``, ``"tasks.task"``, ``"user"``; one of its methods (``"crm.deal.list"``) does as well.
        :param params: ``{"entityTypeId": 128}`` for ``crm.item``; other entities need none.
        :raises ApiError: the portal has no such entity.
        """
        given = dumps(_arguments.named("params", params))
        return fields_of((yield self._native.fields(_arguments.text("entity", entity), given)))

    def _download(
        self,
        link: str,
        target: Union[str, os.PathLike[str], BinaryWriter],
        *,
        allow_hosts: Sequence[str] = (),
        any_host: bool = False,
        size: Optional[int] = None,
    ) -> Operation[Downloaded]:
        """Fetches the file behind a link that a method has returned: ``DOWNLOAD_URL`` of ``disk.*``, ``urlMachine`` of the
        CRM, absolute or not. A download that breaks off is resumed where it was, as far as the server lets it.

        :param target: a path, where the file is ``NAME.partial`` until it is whole, or a file that was opened for writing
            bytes.
        :param allow_hosts: other hosts than the portal's that the file may come from.
        :param any_host: lets the file come from any host.
        :param size: how many bytes it has (``SIZE``): any other number is an error.
        :raises ConfigError: the link leads where no file of the portal may come from.
        :raises BrimfulError: it could not be fetched or written.
        """
        return _files.download(self._native, link, target, allow_hosts, any_host, size)

    def _download_bytes(
        self, link: str, *, allow_hosts: Sequence[str] = (), any_host: bool = False, size: Optional[int] = None
    ) -> Operation[bytes]:
        """Fetches the file behind a link into memory. The parameters are those of :meth:`download`."""
        return _files.download_bytes(self._native, link, allow_hosts, any_host, size)


class Client(_Base[Rows, Outcomes]):
    __doc__ = "A client of one portal. Its calls wait; other threads go on meanwhile.\n\n" + (
        _Base.__doc__ or ""
    ).partition("\n\n")[2]

    _rows = Rows
    _outcomes = Outcomes

    call = waiting(_Base._call)
    call_raw = waiting(_Base._call_raw)
    batch = waiting(_Base._batch)
    fields = waiting(_Base._fields)
    download = waiting(_Base._download)
    download_bytes = waiting(_Base._download_bytes)

    @property
    def rest3(self) -> Rest3:
        """The same portal by REST 3.0."""
        return Rest3(self._native.rest3())

    def __enter__(self: ClientT) -> ClientT:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_Base[AsyncRows, AsyncOutcomes]):
    __doc__ = "A client of one portal for asyncio.\n\n" + (_Base.__doc__ or "").partition("\n\n")[2]

    _rows = AsyncRows
    _outcomes = AsyncOutcomes

    call = awaiting(_Base._call)
    call_raw = awaiting(_Base._call_raw)
    batch = awaiting(_Base._batch)
    fields = awaiting(_Base._fields)
    download = awaiting(_Base._download)
    download_bytes = awaiting(_Base._download_bytes)

    @property
    def rest3(self) -> AsyncRest3:
        """The same portal by REST 3.0."""
        return AsyncRest3(self._native.rest3())

    async def __aenter__(self: ClientT) -> ClientT:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
