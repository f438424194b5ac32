"""The fixtures of `brimful.testing.plugin` are there by themselves, as in the tests of users."""

import asyncio

import pytest

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
