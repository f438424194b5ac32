"""The pytest plugin: the fixtures ``bitrix_portal`` and ``make_bitrix_portal``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from . import Portal


@pytest.fixture
def make_bitrix_portal() -> Iterator[Callable[..., Portal]]:
    """Makes portals with options of the test's: ``make_bitrix_portal(rows={"crm.deal": 1000})``."""
    made: list[Portal] = []

    def make(**options: Any) -> Portal:
        made.append(Portal(**options))
        return made[-1]

    yield make
    for portal in made:
        portal.close()


@pytest.fixture
def bitrix_portal(make_bitrix_portal: Callable[..., Portal]) -> Portal:
    """A portal with a few leads, deals, contacts, companies, tasks and users."""
    entities = ("crm.lead", "crm.deal", "crm.contact", "crm.company", "tasks.task", "user")
    return make_bitrix_portal(rows=dict.fromkeys(entities, 120))
