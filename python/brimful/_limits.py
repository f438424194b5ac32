"""How the limits of a portal stand."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

__all__ = ["Limits", "MethodLimit", "limits_of"]


class MethodLimit(NamedTuple):
    """The operating time of one method, as the portal last told it. Times are in seconds."""

    #: Used in the last ten minutes.
    operating: float
    #: What calls on their way are expected to add.
    pending: float
    #: Until the first part of it is forgotten.
    resets_in: Optional[float]
    #: How long the method stays blocked, where the portal has refused it or the client holds it back.
    blocked_for: Optional[float]


class Limits(NamedTuple):
    """The limits of a portal, as a client keeps them."""

    #: Requests that the portal takes at once, as the client was told; ``None``: it has no limit.
    burst: Optional[float]
    #: Requests a second after them.
    per_second: Optional[float]
    #: Requests a second that are sent in the long run: fewer than ``per_second`` after the portal has refused some.
    rate: Optional[float]
    #: Requests that could be sent at once now.
    free: Optional[float]
    #: Requests that wait for a slot.
    waiting: int
    #: Requests on their way.
    in_flight: int
    #: How many may be on their way, inside of ``slow()``.
    most_in_flight: Optional[int]
    #: How often the portal has refused a request for too many.
    refusals: int
    #: The operating time in seconds that a method may use in ten minutes.
    operating_limit: float
    #: The methods whose operating time the portal has told, by name.
    methods: dict[str, MethodLimit]


def limits_of(facts: dict[str, Any]) -> Limits:
    """The limits, of what the native part tells."""
    methods = {name: MethodLimit(*times) for name, times in facts["methods"].items()}
    return Limits(**{**facts, "methods": methods})
