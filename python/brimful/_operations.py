"""Operations as generators of what they wait for, so that waiting and awaiting clients share them.

An operation yields a :class:`brimful._native.Pending` and gets back what that gave.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Optional, TypeVar

if TYPE_CHECKING:
    import asyncio

    from typing_extensions import ParamSpec

    from . import _native

    P = ParamSpec("P")
    Operation = Generator[_native.Pending, Any, "T"]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Watch:
    """Looks on from time to time while an operation waits. It ends the wait by raising."""

    #: Seconds between two looks.
    every = 0.25

    def look(self) -> None:
        raise NotImplementedError

    def went_on(self) -> None:
        """Called when what was waited for has come."""
        raise NotImplementedError


def wait(operation: Operation[T], watch: Optional[Watch] = None) -> T:
    """Runs an operation, waiting with the interpreter free. Ctrl-C ends it at once."""
    try:
        pending = next(operation)
        while True:
            try:
                gave = pending.wait() if watch is None else _watched(pending, watch)
            except BaseException as error:
                pending = operation.throw(error)
            else:
                pending = operation.send(gave)
    except StopIteration as end:
        result: T = end.value
        return result


def _watched(pending: _native.Pending, watch: Watch) -> Any:
    # Imported late: only the calls of fast_bitrix24 are watched.
    import threading

    done = threading.Event()
    pending.on_done(done.set)
    try:
        while not done.wait(watch.every):
            watch.look()
    except BaseException:
        pending.cancel()
        raise
    gave = pending.take()
    watch.went_on()
    return gave


async def awaited(operation: Operation[T], watch: Optional[Watch] = None) -> T:
    """Runs an operation in the running loop of asyncio."""
    try:
        pending = next(operation)
        while True:
            try:
                gave = await _await_one(pending, watch)
            except BaseException as error:
                pending = operation.throw(error)
            else:
                pending = operation.send(gave)
    except StopIteration as end:
        result: T = end.value
        return result


async def _await_one(pending: _native.Pending, watch: Optional[Watch]) -> Any:
    # Imported late: a program without asyncio starts faster.
    import asyncio

    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish() -> None:
        if not done.done():
            done.set_result(None)

    def wake() -> None:
        try:
            loop.call_soon_threadsafe(finish)
        except RuntimeError:
            # The loop was closed meanwhile: nobody waits any more.
            pass

    pending.on_done(wake)
    try:
        if watch is None:
            await done
        else:
            while not done.done():
                await asyncio.wait([done], timeout=watch.every)
                if not done.done():
                    watch.look()
    except BaseException:
        pending.cancel()
        raise
    gave = pending.take()
    if watch is not None:
        watch.went_on()
    return gave


def one(pending: _native.Pending) -> Operation[Any]:
    """The operation that waits for one thing."""
    return (yield pending)


def described_by(other: Callable[..., Any]) -> Callable[[F], F]:
    """Gives a function the description of the one that does the same and waits."""

    def describe(function: F) -> F:
        function.__doc__ = other.__doc__
        return function

    return describe


def waiting(operation: Callable[P, Operation[T]]) -> Callable[P, T]:
    """The method that runs an operation and waits for it."""

    @functools.wraps(operation)
    def method(*args: P.args, **kwargs: P.kwargs) -> T:
        return wait(operation(*args, **kwargs))

    return _public(method, operation)


def awaiting(operation: Callable[P, Operation[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The method that runs an operation and is awaited."""

    @functools.wraps(operation)
    async def method(*args: P.args, **kwargs: P.kwargs) -> T:
        return await awaited(operation(*args, **kwargs))

    return _public(method, operation)


def _public(method: F, operation: Callable[..., Any]) -> F:
    """Names a method after its operation, without the `_` that keeps the operation itself to this package, and has
    `help` show what the method gives."""
    method.__name__ = operation.__name__.lstrip("_")
    gives = operation.__annotations__["return"]
    if gives.startswith("Operation["):
        operation.__annotations__["return"] = gives[len("Operation[") : -1]
    return method
