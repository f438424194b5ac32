"""REST 3.0: ``client.rest3``, and conditions for its filters.

>>> from brimful.rest3 import condition
>>> mine = condition("responsibleId", "=", 1) | condition("creatorId", "=", 1)
>>> recent = condition("id", ">", 100) & mine
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Optional, TypeVar, Union

from . import _arguments, _native
from ._fields import Field, fields_of
from ._json import dumps, loads
from ._lists import AsyncRows, Rows, Wanted
from ._operations import awaiting, waiting
from ._outcomes import outcome
from ._report import Outcome

if TYPE_CHECKING:
    from ._operations import Operation

__all__ = ["AsyncRest3", "Condition", "Rest3", "column", "condition", "reference"]

Params = Optional[Mapping[str, Any]]

_OPERATORS = ("=", "!=", ">", ">=", "<", "<=", "in", "between")


class Condition:
    """A condition of a filter. Conditions are joined by ``&`` and ``|`` and negated by ``~``; :func:`condition` makes them."""

    def __init__(self, logic: str, parts: list[Any], negative: bool = False) -> None:
        self._logic = logic
        self._parts = parts
        self._negative = negative

    def _joined(self, logic: str, other: Condition) -> Condition:
        parts: list[Any] = []
        for one in (self, other):
            is_open = not one._negative and (one._logic == logic or len(one._parts) == 1)
            parts += one._parts if is_open else [one._group()]
        return Condition(logic, parts)

    def __and__(self, other: Condition) -> Condition:
        return self._joined("and", other) if isinstance(other, Condition) else NotImplemented

    def __or__(self, other: Condition) -> Condition:
        return self._joined("or", other) if isinstance(other, Condition) else NotImplemented

    def __invert__(self) -> Condition:
        return Condition(self._logic, self._parts, not self._negative)

    def __bool__(self) -> bool:
        raise TypeError("conditions are joined by & and |, not by and, or and not")

    def _group(self) -> dict[str, Any]:
        negative = {"negative": True} if self._negative else {}
        return {"logic": self._logic, **negative, "conditions": self._parts}

    def _as_json(self) -> Any:
        """The filter as the portal takes it."""
        if self._negative or self._logic != "and":
            return self._group()
        return self._parts

    def __repr__(self) -> str:
        return f"Condition({self._as_json()!r})"


def condition(field: str, operator: str, value: Any) -> Condition:
    """One condition on a field.

    :param operator: ``=``, ``!=``, ``>``, ``>=``, ``<``, ``<=``, ``in`` (a list) or ``between`` (two values).
    :raises ValueError: there is no such operator.
    """
    _arguments.text("field", field)
    if operator not in _OPERATORS:
        raise ValueError(f"operator is {operator!r}: it is one of {', '.join(_OPERATORS)}")
    return Condition("and", [[field, operator, value]])


def reference(path: str) -> dict[str, str]:
    """A value in the result of an earlier call of a batch: ``reference("task.id")``, ``reference("tasks.0.id")``."""
    return {"$ref": _arguments.text("path", path)}


def column(path: str) -> dict[str, str]:
    """A field of all rows in the result of an earlier call of a batch: ``column("tasks.id")``."""
    return {"$refArray": _arguments.text("path", path)}


RowsT = TypeVar("RowsT", Rows, AsyncRows)


class _Rest3Base(Generic[RowsT]):
    """What both have in common."""

    _rows: Callable[[Wanted], RowsT]

    def __init__(self, native: _native.Rest3) -> None:
        self._native = native

    def list(
        self,
        method: str,
        params: Params = None,
        *,
        select: Optional[Sequence[str]] = None,
        filter: Union[Condition, Sequence[Any], Mapping[str, Any], None] = None,
        resume_after: Optional[int] = None,
        tail: bool = True,
    ) -> RowsT:
        """A whole list, each row once: rows to iterate over, or a dataframe. Pages have up to 1,000 rows (Bitrix24 REST
        documentation, "REST 3.0"), and a batch carries many. Nothing is asked for before the first row is wanted.

        :param select: the fields. Fields of what a row refers to have a dot: ``"responsible.name"``.
        :param filter: :func:`condition`, or a list of conditions as the portal takes them: ``[["id", ">", 100]]``.
        :param resume_after: leaves out the rows up to this ID.
        :param tail: reads rows too that appear above the highest ID of the start.
        :raises IncompleteError: while it is read: it could not be read to its end.
        """
        whole = _arguments.named("params", params)
        if select is not None:
            whole["select"] = _arguments.texts("select", select)
        if filter is not None:
            whole["filter"] = filter
        if resume_after is not None:
            resume_after = _arguments.whole_number("resume_after", resume_after, 0, 2**64 - 1)
        wanted = Wanted(
            self._native,
            _arguments.text("method", method),
            whole,
            resume_after=resume_after,
            # Names that the portal does not know are its own errors here.
            check_names=False,
            tail=bool(tail),
        )
        return self._rows(wanted)

    def _call(self, method: str, params: Params = None, *, idempotency_key: Optional[str] = None) -> Operation[Any]:
        """Calls a method once and returns its ``result``: a dict with ``item``, ``items`` or what else the method returns.

        A write goes out with a key of its own, so that it can be repeated where its reply is lost, and is done once.

        :param idempotency_key: a key of yours instead, 1 to 255 printable ASCII characters: a call that is made again with
            it within 24 hours, by whatever process, is not run again and has the same answer.
        :raises ApiError: the portal answered with an error.
        """
        if idempotency_key is not None:
            _arguments.text("idempotency_key", idempotency_key)
        given = dumps(_arguments.named("params", params))
        return loads(
            (yield self._native.call(_arguments.text("method", method), given, idempotency_key=idempotency_key))
        )

    def _batch(self, commands: Mapping[str, tuple[str, Params]]) -> Operation[dict[str, Outcome]]:
        """Runs commands ``{label: (method, params)}`` one after the other, up to the first one that fails; an outcome for
        each. They may refer to earlier ones with :func:`reference` and :func:`column`. A write that refers to an earlier
        call goes out in a later request, with the value in place.

        :raises BrimfulError: the first request failed: of its commands those before the one that failed may have been done.
        """
        outcomes = yield self._native.batch(_arguments.commands(commands))
        return {key: outcome(key, status, what) for key, status, what in outcomes}

    def _fields(self, entity: str) -> Operation[dict[str, Field]]:
        """The fields of an entity of REST 3.0, such as ``"tasks.task"``, by their names in rows.

        :raises ApiError: the portal has no such entity.
        """
        return fields_of((yield self._native.fields(_arguments.text("entity", entity))))

    def _openapi(self) -> Operation[dict[str, Any]]:
        """The OpenAPI document of the methods that the portal has: ``document["paths"]`` has them by name."""
        document: dict[str, Any] = loads((yield self._native.openapi()))
        return document


class Rest3(_Rest3Base[Rows]):
    """A portal by REST 3.0. Its calls wait; other threads go on meanwhile."""

    _rows = Rows

    call = waiting(_Rest3Base._call)
    batch = waiting(_Rest3Base._batch)
    fields = waiting(_Rest3Base._fields)
    openapi = waiting(_Rest3Base._openapi)


class AsyncRest3(_Rest3Base[AsyncRows]):
    """A portal by REST 3.0, for asyncio."""

    _rows = AsyncRows

    call = awaiting(_Rest3Base._call)
    batch = awaiting(_Rest3Base._batch)
    fields = awaiting(_Rest3Base._fields)
    openapi = awaiting(_Rest3Base._openapi)
