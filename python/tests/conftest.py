"""The fixtures of `brimful.testing.plugin` are there by themselves, as in the tests of users."""

import asyncio
import sys

import pytest

import brimful.fast_bitrix24
from brimful import AsyncClient, Client


class Waiting:
    """Clients that wait."""

    client = Client

    @staticmethod
    def run(gave):
        return gave

    @staticmethod
    def all(rows):
        return list(rows)


class Awaited:
    """Clients that are awaited, as if they waited."""

    client = AsyncClient

    @staticmethod
    def run(gave):
        return asyncio.run(gave)

    @staticmethod
    def all(rows):
        async def gather():
            return [row async for row in rows]

        return asyncio.run(gather())


@pytest.fixture(params=[Waiting, Awaited])
def kind(request):
    """Either kind of client: `kind.client`, `kind.run(call)` and `kind.all(rows)`."""
    return request.param


@pytest.fixture
def installed():
    """``import fast_bitrix24`` imports this package, until the test is over."""

    def original():
        return [name for name in sys.modules if name.split(".")[0] == "fast_bitrix24"]

    kept = {name: sys.modules.pop(name) for name in original()}
    brimful.fast_bitrix24.install()
    yield
    for name in original():
        del sys.modules[name]
    sys.modules.update(kept)
