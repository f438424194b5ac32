"""The fields of an entity, as the portal describes them."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from ._json import loads

__all__ = ["Choice", "Field", "fields_of"]


class Choice(NamedTuple):
    """One of a list of values."""

    #: What rows have.
    id: str
    #: What people see.
    value: str


class Field(NamedTuple):
    """A field of an entity."""

    #: The name as the portal lists it: what filters, orders and writes use.
    name: str
    #: The name in upper case, where the entity has both (``crm.item``).
    upper_name: Optional[str]
    #: What people call it.
    title: Optional[str]
    #: ``"integer"``, ``"double"``, ``"boolean"``, ``"date"``, ``"datetime"``, ``"text"``, ``"money"``,
    #: ``"enumeration"``, ``"status"``, ``"multifield"``, ``"file"``, ``"structure"`` or ``"unknown"``.
    kind: str
    #: The portal's own name of the type.
    type_name: Optional[str]
    #: It has to be given when a row is added.
    is_required: bool
    #: It cannot be written.
    is_read_only: bool
    #: It cannot be changed once a row was added.
    is_immutable: bool
    #: It has any number of values.
    is_multiple: bool
    #: Users have made it.
    is_dynamic: bool
    #: It should not be used any more.
    is_deprecated: bool
    #: The dictionary of its values, where ``kind`` is ``"status"``: the ``ENTITY_ID`` of ``crm.status.list``.
    status_type: Optional[str]
    #: Its values, where they are a list.
    choices: list[Choice]
    #: Everything that the portal says of it.
    properties: Any


def fields_of(json: bytes) -> dict[str, Field]:
    """Fields of what the native part tells of them."""
    told: dict[str, dict[str, Any]] = loads(json)
    for facts in told.values():
        facts["choices"] = [Choice(*choice) for choice in facts["choices"]]
    return {name: Field(**facts) for name, facts in told.items()}
