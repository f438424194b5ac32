"""``Bitrix`` and ``BitrixAsync``: the calls of fast_bitrix24 on the engine of Brimful."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Optional, TypeVar, Union
from urllib.parse import urlparse

from .. import _arguments, _native
from .._client import AsyncClient, Client
from .._json import loads
from .._lists import _ListBase
from .._operations import awaited, described_by, wait
from .._outcomes import _OutcomesBase
from .._report import Outcome
from ..errors import ApiError, BrimfulError, ConfigError
from ._conditions import passed_on
from ._contract import LISTS, READS, clauses, method_name, not_empty, require, warn
from ._failures import as_programs_catch_it
from ._log import Shown, logger
from ._patience import Patience
from .server_response import ErrorInServerResponseException, ServerResponseParser, unwrap, unwrap_many

if TYPE_CHECKING:
    from .._operations import Operation

__all__ = ["Bitrix", "BitrixAsync"]

#: Rows of a page.
_PAGE = 50

T = TypeVar("T")
Items = Union[dict[str, Any], Iterable[dict[str, Any]], None]


def _checked(webhook: Any) -> str:
    if not isinstance(webhook, str):
        raise TypeError(f"webhook is of type {type(webhook).__name__}, not str")
    parts = urlparse(webhook.strip())
    if not (parts.scheme and parts.netloc and parts.path):
        raise ValueError("webhook: Webhook is not a valid URL")
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"webhook: {parts.scheme}: is not a scheme of a portal, write https:")
    return webhook.strip()


def _said(error: BrimfulError) -> Any:
    if error.code is None:
        return str(error)
    return {"error": error.code, "error_description": error.description or ""}


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Errors as programs catch them: in the portal's words, or of a portal that gave no answer."""
    try:
        yield
    except ApiError as error:
        raise ErrorInServerResponseException(_said(error), error) from error
    except BrimfulError as error:
        raise as_programs_catch_it(error) from error


class _Bar:
    """The progress bar of tqdm, where it is installed and wanted."""

    def __init__(self, wanted: bool, total: Optional[int] = None) -> None:
        self._bar: Any = None
        if wanted:
            with contextlib.suppress(ImportError):
                from tqdm.auto import tqdm

                self._bar = tqdm(total=total)

    def expect(self, total: Optional[int]) -> None:
        """Tells how many there will be, as far as that is known."""
        if self._bar is not None and total is not None:
            self._bar.total = total
            self._bar.refresh()

    def update(self, by: int) -> None:
        if self._bar is not None:
            self._bar.update(by)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: Any) -> None:
        if self._bar is not None:
            self._bar.close()


class _Settings:
    def __init__(
        self,
        webhook: str,
        token_func: Optional[Callable[[], Coroutine[Any, Any, str]]] = None,
        verbose: bool = True,
        respect_velocity_policy: bool = True,
        request_pool_size: int = 50,
        requests_per_second: float = 2.0,
        batch_size: int = 50,
        operating_time_limit: int = 480,
        client: Any = None,
        ssl: bool = True,
    ) -> None:
        """
        :param webhook: the address of a webhook; with ``token_func`` the address of the portal with ``/rest/``.
        :param token_func: an ``async`` function that returns an access token.
        :param verbose: shows a progress bar (tqdm, if it is installed).
        :param respect_velocity_policy: ``False`` does not hold calls back for their operating time.
        :param request_pool_size: how many requests may be sent at once: 50, and 250 on Enterprise.
        :param requests_per_second: how many a second after that: 2.0, and 5.0 on Enterprise.
        :param batch_size: commands in a request, 50 at the most.
        :param operating_time_limit: seconds that a method may run in ten minutes (480).
        :param client: refused: there is no aiohttp here.
        :param ssl: ``False`` takes any certificate.
        :raises TypeError, ValueError: a parameter makes no sense; the message names it.
        """
        if token_func is not None and not iscoroutinefunction(token_func):
            raise ValueError("`token_func` must be an async function.")
        if client is not None:
            raise TypeError("client= takes a session of aiohttp, which is not used here: leave it out")
        for name, value, expected in (
            ("verbose", verbose, bool),
            ("respect_velocity_policy", respect_velocity_policy, bool),
            ("request_pool_size", request_pool_size, int),
            ("requests_per_second", requests_per_second, (int, float)),
            ("batch_size", batch_size, int),
            ("operating_time_limit", operating_time_limit, (int, float)),
            ("ssl", ssl, bool),
        ):
            if not isinstance(value, expected):
                raise TypeError(f"{name} is of type {type(value).__name__}")
        _arguments.whole_number("request_pool_size", request_pool_size, 1)
        _arguments.number("requests_per_second", requests_per_second)
        _arguments.whole_number("batch_size", batch_size, 1, 50)
        _arguments.number("operating_time_limit", operating_time_limit)
        self.webhook = _checked(webhook)
        self.verbose = verbose
        self.batch_size = batch_size
        self._token_func = token_func
        limit = float(operating_time_limit) if respect_velocity_policy else 1e9
        self._options: dict[str, Any] = {
            "rate": (float(request_pool_size), float(requests_per_second)),
            "operating_limit": limit,
            "batch_size": batch_size,
            "verify_certificates": ssl,
        }

    def _token(self, run: Callable[[Coroutine[Any, Any, str]], str]) -> Optional[Callable[[], str]]:
        ask = self._token_func
        if ask is None:
            return None
        return lambda: run(ask())

    def _address(self) -> str:
        if self._token_func is None:
            return self.webhook
        parts = urlparse(self.webhook)
        return f"{parts.scheme}://{parts.netloc}"


def _get_all_checks(method: Any, params: Any) -> str:
    name = method_name(method)
    said = clauses(params)
    require(
        said.keys().isdisjoint({"START", "ORDER"}),
        "get_all() doesn't support parameters 'start' or 'order'",
    )
    require(
        not name.startswith("tasks.elapseditem."),
        "get_all() shouldn't be used with 'tasks.elapseditem.*' method group. Use call(raw=True) instead.",
    )
    if not name.endswith(READS):
        warn(
            f"get_all() should be used only with methods that end with the following: {READS}. "
            f"You are using '{name}'. Use get_by_ID() or call() instead."
        )
    if "LIMIT" in said:
        warn("Bitrix servers don't seem to support the 'LIMIT' parameter.")
    if "*" in (said.get("SELECT") or ()) and not said.get("FILTER"):
        warn("You are selecting all fields and no filter. Beware that this is time-consuming.")
    return name


def _get_by_id_checks(method: Any, ids: Any, field: Any, params: Any) -> tuple[str, list[Any]]:
    name = method_name(method)
    if not isinstance(field, str):
        raise TypeError(f"ID_field_name is of type {type(field).__name__}, not str")
    require(
        "ID" not in clauses(params),
        "get_by_ID() doesn't support parameter 'ID' within the 'params' argument",
    )
    if ids is not None and (isinstance(ids, (str, bytes)) or not isinstance(ids, Iterable)):
        raise TypeError(f"ID_list is of type {type(ids).__name__}, not a list of IDs")
    return name, not_empty(ids, "get_by_ID(): ID_list can't be empty")


def _call_checks(method: Any, items: Any) -> tuple[str, list[Any], bool]:
    name = method_name(method)
    if name.endswith(LISTS):
        warn(
            f"It's better to use get_all() with methods that end with the following: {LISTS}. "
            f"You are using '{name}'."
        )
    single = isinstance(items, Mapping)
    listed = [items] if single else items
    if isinstance(listed, (str, bytes)) or not isinstance(listed, Iterable):
        raise TypeError("items is neither a dict nor a list of dicts")
    listed = not_empty(listed, "call(): item_list can't be empty")
    require(not single or items, "call(): item_list can't be empty")
    for item in listed:
        if not isinstance(item, Mapping):
            raise TypeError(f"an item is of type {type(item).__name__}, not dict")
    return name, listed, single


def _logged(outcome: Outcome) -> Any:
    return outcome.result if outcome.error is None else str(outcome.error)


def _raise_for(outcomes: list[Outcome], labels: list[str]) -> None:
    errors = {
        label: outcome.error for label, outcome in zip(labels, outcomes) if outcome.error is not None
    }
    for error in errors.values():
        # A portal would have answered with an error to an item that is refused before it is sent.
        if error.code is None and not isinstance(error, ConfigError):
            raise as_programs_catch_it(error, outcomes) from error
    if errors:
        first = next(iter(errors.values()))
        said = {label: _said(error) for label, error in errors.items()}
        raise ErrorInServerResponseException(said, first, outcomes) from first


def _call_result(outcomes: list[Outcome], single: bool) -> Any:
    labels = [f"order{place:010}" for place in range(len(outcomes))]
    _raise_for(outcomes, labels)
    results = unwrap_many({label: outcome.result for label, outcome in zip(labels, outcomes)})
    if isinstance(results, dict) and not single:
        return tuple(results.values())
    if isinstance(results, list) and results and single:
        return results[0]
    return results


def _by_id_result(outcomes: list[Outcome]) -> Any:
    _raise_for(outcomes, [str(outcome.key) for outcome in outcomes])
    if len(outcomes) == 1:
        # Of one ID the record itself.
        result = outcomes[0].result
        return result[0] if isinstance(result, list) and len(result) == 1 else result
    return {str(outcome.key): outcome.result for outcome in outcomes}


def _improper(status: int, body: bytes) -> BrimfulError:
    """The error of a reply that says nothing: a page of a proxy, perhaps."""
    facts = {"kind": "Decode", "execution": "unknown", "status": status, "body": body}
    return BrimfulError(f"the portal answered with status {status} and nothing that tells the result", facts)


def _one_reply(status: int, body: bytes) -> dict[str, Any]:
    """The reply to a call that is not taken apart."""
    try:
        reply = loads(body)
    except ValueError:
        raise _improper(status, body) from None
    logger.debug("response: %s", Shown(reply))
    if not isinstance(reply, dict):
        raise _improper(status, body)
    if status >= 400:
        said = {key: reply[key] for key in ("error", "error_description") if key in reply}
        if not said:
            raise _improper(status, body)
        raise ErrorInServerResponseException(said)
    return reply


def _batch_result(status: int, body: bytes) -> Any:
    parser = ServerResponseParser(_one_reply(status, body))
    parser.raise_for_errors()
    return parser.result["result"]


def _whole(reply: dict[str, Any]) -> Any:
    parser = ServerResponseParser(reply)
    parser.raise_for_errors()
    return unwrap(parser.result)


def _list_and_get_branch(branch: Any) -> str:
    warn("list_and_get() is deprecated. Use 'get_all()' instead.", DeprecationWarning)
    name = method_name(branch)
    require(
        not name.endswith((".list", ".get")),
        'list_and_get(): "method_branch" should not end in ".list" or ".get"',
    )
    return name


# Names under which other programs limit the rows of a page or of a list.
_LIMITS = frozenset({"limit", "top", "page_size", "pagesize"})


def _without_limit(method: str, params: Optional[dict[str, Any]]) -> Optional[dict[str, Any]]:
    """The parameters without a limit that the list does not have: the portal passes it over, and all rows are meant."""
    if not params:
        return params
    return {
        name: value
        for name, value in params.items()
        if name.strip().lower() not in _LIMITS or _native.takes_parameter(method, name)
    }


class _Calls(_Settings):
    """The calls of both clients: checks that are made at once, and operations."""

    _patience: Optional[Patience] = None

    def __getstate__(self) -> dict[str, Any]:
        # Connections stay in their process: what is unpickled makes its own at its first call.
        connected = ("_made", "_loop", "_patience")
        return {name: value for name, value in self.__dict__.items() if name not in connected}

    def _connected(self) -> Client | AsyncClient:
        raise NotImplementedError

    def _watch(self) -> Patience:
        """What ends a call that a portal only refuses."""
        client = self._connected()
        if self._patience is None:
            self._patience = Patience(client._native.stats)
        self._patience.begin()
        return self._patience

    def _get_all(self, method: Any, params: Any) -> Operation[Any]:
        name = _get_all_checks(method, params)
        logger.info("get_all %s %s", name, Shown(params))

        def operation() -> Operation[Any]:
            client = self._connected()
            if not _native.returns_rows(name):
                reply = _one_reply(*(yield from client._call_raw(name, params)))
                if not reply.get("next"):
                    return _whole(reply)
            return (yield from self._whole_list(client, name, _without_limit(name, params)))

        return operation()

    def _whole_list(
        self, client: Client | AsyncClient, name: str, params: Optional[dict[str, Any]]
    ) -> Operation[list[Any]]:
        checks = True
        doubts: list[str] = []
        while True:
            logger.debug("requesting %s %s", name, Shown(params))
            rows = client.list(name, params, check_names=checks)
            try:
                first = yield from rows._next_rows()
            except ConfigError as error:
                again = passed_on(name, params, error) if checks else None
                if again is None:
                    raise
                params, checks, is_doubtful = again
                doubts += [str(error)] * is_doubtful
                continue
            break
        for doubt in doubts:
            warn(doubt)
        return (yield from self._rest(rows, first))

    def _rest(self, rows: _ListBase, chunk: Optional[list[Any]]) -> Operation[list[Any]]:
        """The rows of a list behind the first of them too."""
        whole: list[Any] = []
        self._watch().reads(rows)
        # What comes in one page needs no bar.
        with _Bar(self.verbose and chunk is not None and len(chunk) > _PAGE) as bar:
            while chunk is not None:
                logger.debug("response: %s", Shown(chunk))
                whole.extend(chunk)
                come, share = rows.progress
                bar.expect(round(come / share) if share else None)
                bar.update(len(chunk))
                chunk = yield from rows._next_rows()
            bar.expect(len(whole))
        return whole

    def _get_by_id(self, method: Any, ids: Any, field: str, params: Any) -> Operation[Any]:
        name, listed = _get_by_id_checks(method, ids, field, params)
        logger.info("get_by_ID %s, %d IDs: %s %s", name, len(listed), Shown(listed), Shown(params))

        def operation() -> Operation[Any]:
            client = self._connected()
            try:
                found = client.get_by_id(name, listed, params, id_field=field.strip())
            except ConfigError:
                # It may write, so it is called once for each ID and not sent again.
                unique = list(dict.fromkeys(str(one) for one in listed))
                items = [{**(params or {}), field.strip(): one} for one in unique]
                come = yield from self._all(client.call_each(name, items), len(items))
                return _by_id_result([one._replace(key=unique[one.key]) for one in come])
            return _by_id_result((yield from self._all(found, len(listed))))

        return operation()

    def _call(self, method: Any, items: Any, raw: bool) -> Operation[Any]:
        if raw:
            logger.info("call %s, raw: %s", method, Shown(items))
            return self._raw(_arguments.text("method", method), items)
        name, listed, single = _call_checks(method, items)
        logger.info("call %s, %d items: %s", name, len(listed), Shown(listed))

        def operation() -> Operation[Any]:
            each = self._connected().call_each(name, listed)
            return _call_result((yield from self._all(each, len(listed))), single)

        return operation()

    def _raw(self, method: str, items: Any) -> Operation[Any]:
        return _one_reply(*(yield from self._connected()._call_raw(method.strip(), items)))

    def _call_batch(self, params: Any) -> Operation[Any]:
        logger.info("call_batch %s", Shown(params))
        return _batch_result(*(yield from self._connected()._call_raw("batch", params)))

    def _list_and_get(self, branch: Any, field: str) -> Operation[Any]:
        name = _list_and_get_branch(branch)

        def operation() -> Operation[Any]:
            rows = yield from self._get_all(f"{name}.list", {"select": [field]})
            ids = [row[field] for row in rows]
            return (yield from self._get_by_id(f"{name}.get", ids, field, None))

        return operation()

    def _all(self, outcomes: _OutcomesBase, total: int) -> Operation[list[Outcome]]:
        come: list[Outcome] = []
        try:
            with _Bar(self.verbose and total > self.batch_size, total) as bar:
                while (yield from outcomes._next()):
                    chunk = list(outcomes._ready)
                    logger.debug("response: %s", Shown({one.key: _logged(one) for one in chunk}))
                    come.extend(chunk)
                    bar.update(len(chunk))
        except BaseException:
            # An exception keeps what it went through: nothing may be sent on behind it.
            outcomes.close()
            raise
        return come

    @contextlib.contextmanager
    def slow(self, max_concurrent_requests: int = 1) -> Iterator[bool]:
        """Has at most so many requests in flight inside of the block, in all threads and tasks that use the client.

        :raises icontract.ViolationError: the number is below 1.
        """
        if not isinstance(max_concurrent_requests, int):
            raise TypeError(
                f"max_concurrent_requests is of type {type(max_concurrent_requests).__name__}, not int"
            )
        require(max_concurrent_requests >= 1, "max_concurrent_requests >= 1")
        with self._connected().slow(max_concurrent_requests):
            yield True


# What a wrong keyword is said to be one of.
_Settings.__init__.__qualname__ = "Bitrix.__init__"


class Bitrix(_Calls):
    __doc__ = "A portal by the calls of fast_bitrix24. They wait; other threads go on meanwhile.\n" + (
        _Settings.__init__.__doc__ or ""
    )

    _made: Optional[Client] = None

    def _connected(self) -> Client:
        if self._made is None:
            self._made = Client(self._address(), token=self._token(asyncio.run), **self._options)
        return self._made

    def _waited(self, operation: Operation[T]) -> T:
        with _translated():
            return wait(operation, self._watch())

    def get_all(self, method: str, params: Optional[dict[str, Any]] = None) -> Any:
        """The whole list of a method, each row once, in the order of the IDs.

        >>> b24.get_all("crm.deal.list", {"select": ["ID", "TITLE"], "filter": {"CLOSED": "N"}})  # doctest: +SKIP
        [{'ID': '1', 'TITLE': '...'}, ...]

        A result with a single key is what stands under it: ``{"tasks": [...]}`` is the list. Of a method that is no list
        the result comes as it is: a dict for ``crm.deal.fields``, ``None`` where there is none.

        :param method: its name, in letters of any case.
        :param params: ``select``, ``filter`` and what else the method takes, without ``start`` and ``order``.
        :raises icontract.ViolationError: ``start`` or ``order`` is given. Without icontract it is an ``AssertionError`` of
            this name.
        :raises TypeError: a clause is of the wrong type: ``select`` is a list, ``filter`` a dict.
        :raises ConfigError: the portal would pass a name or a condition over; nothing came. It is a ``ValueError``.
        :raises ErrorInServerResponseException: the portal answered with an error, which is its argument.
        :raises IncompleteError: the list could not be read to its end. It is a ``RuntimeError``, and an
            ``aiohttp.ClientError`` in programs that have imported aiohttp.
        """
        return self._waited(self._get_all(method, params))

    def get_by_ID(
        self,
        method: str,
        ID_list: Iterable[Any],
        ID_field_name: str = "ID",
        params: Optional[dict[str, Any]] = None,
    ) -> Any:
        """A call for each ID, 50 in a request.

        >>> b24.get_by_ID("crm.deal.get", [7, 12])  # doctest: +SKIP
        {'7': {'ID': '7', ...}, '12': {'ID': '12', ...}}

        The keys are texts, in the order of the IDs; each ID is there once. Of a single ID it is the result itself.

        :param ID_list: numbers or texts, at least one.
        :param ID_field_name: the parameter that takes the ID.
        :param params: what else each call takes, without ``ID``.
        :raises icontract.ViolationError: there are no IDs, or ``params`` has ``ID``.
        :raises ErrorInServerResponseException: the portal answered a call with an error: ``{ID: error}`` is its argument,
            and ``outcomes`` has what came of each call.
        :raises RuntimeError: there was no proper answer; ``outcomes`` as well.
        """
        return self._waited(self._get_by_id(method, ID_list, ID_field_name, params))

    def list_and_get(self, method_branch: str, ID_field_name: str = "ID") -> Any:
        """All items of ``crm.deal.list``, each as ``crm.deal.get`` returns it, in the shape of :meth:`get_by_ID`. Deprecated:
        ``get_all`` with ``select`` does the same in fewer requests.

        :param method_branch: what stands before ``.list`` and ``.get``: ``"crm.deal"``.
        """
        return self._waited(self._list_and_get(method_branch, ID_field_name))

    def call(self, method: str, items: Items = None, *, raw: bool = False) -> Any:
        """A call for each item, 50 in a request, or one for a dict. A write whose reply is lost is not sent again.

        >>> b24.call("crm.deal.update", {"ID": 7, "fields": {"TITLE": "new"}})  # doctest: +SKIP
        True
        >>> b24.call("crm.deal.update", [{"ID": 7, "fields": {}}, {"ID": 8, "fields": {}}])  # doctest: +SKIP
        (True, True)
        >>> b24.call("crm.deal.get", {"ID": 7})  # doctest: +SKIP
        {'order0000000000': {'ID': '7', ...}}

        Of a dict: a scalar as it is, a list as its first row, a dict with one key as what stands under it, another dict under
        ``order0000000000``. Of a list of items: a tuple of the results in the order of the items; lists and dicts with one
        key come as one flat list; a single scalar comes bare.

        :param items: the parameters of a call, or a list of them.
        :param raw: sends ``items`` as they are, in one request, and gives the reply as a dict: ``result``, ``time``,
            ``total``, ``error``. Lists are taken (positional parameters), and so is ``None`` in ``items``.
        :raises icontract.ViolationError: there are no items, or the method is ``batch``.
        :raises ErrorInServerResponseException: the portal answered a call with an error: ``{'order0000000000': error}`` is
            its argument, and ``outcomes`` has what came of each call.
        :raises RuntimeError: there was no proper answer; ``outcomes`` tells which calls may have run.
        """
        return self._waited(self._call(method, items, raw))

    def call_batch(self, params: dict[str, Any]) -> Any:
        """A batch in one request, as the portal takes it. Commands may refer to each other.

        >>> b24.call_batch({"halt": 0, "cmd": {"a": "crm.deal.get?ID=7", "b": "profile"}})  # doctest: +SKIP
        {'a': {'ID': '7', ...}, 'b': {...}}

        :param params: ``halt`` and ``cmd``, up to 50 commands. ``fast_bitrix24.utils.http_build_query`` makes their queries.
        :raises ErrorInServerResponseException: a command was answered with an error: ``{label: error}`` is its argument.
        :raises RuntimeError: there was no proper answer; commands may have run.
        """
        return self._waited(self._call_batch(params))


class BitrixAsync(_Calls):
    __doc__ = "A portal by the calls of fast_bitrix24, for asyncio.\n" + (_Settings.__init__.__doc__ or "")

    _made: Optional[AsyncClient] = None
    _loop: asyncio.AbstractEventLoop

    def _connected(self) -> AsyncClient:
        # Tokens are asked for in the loop that the client is used in.
        self._loop = asyncio.get_running_loop()
        if self._made is None:
            token = self._token(
                lambda asked: asyncio.run_coroutine_threadsafe(asked, self._loop).result()
            )
            self._made = AsyncClient(self._address(), token=token, **self._options)
        return self._made

    async def _awaited(self, operation: Operation[T]) -> T:
        with _translated():
            return await awaited(operation, self._watch())

    @described_by(Bitrix.get_all)
    async def get_all(self, method: str, params: Optional[dict[str, Any]] = None) -> Any:
        return await self._awaited(self._get_all(method, params))

    @described_by(Bitrix.get_by_ID)
    async def get_by_ID(
        self,
        method: str,
        ID_list: Iterable[Any],
        ID_field_name: str = "ID",
        params: Optional[dict[str, Any]] = None,
    ) -> Any:
        return await self._awaited(self._get_by_id(method, ID_list, ID_field_name, params))

    @described_by(Bitrix.list_and_get)
    async def list_and_get(self, method_branch: str, ID_field_name: str = "ID") -> Any:
        return await self._awaited(self._list_and_get(method_branch, ID_field_name))

    @described_by(Bitrix.call)
    async def call(self, method: str, items: Items = None, *, raw: bool = False) -> Any:
        return await self._awaited(self._call(method, items, raw))

    @described_by(Bitrix.call_batch)
    async def call_batch(self, params: dict[str, Any]) -> Any:
        return await self._awaited(self._call_batch(params))
