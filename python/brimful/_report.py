"""The accounts of lists and exports, the outcomes of calls, and values that did not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional

if TYPE_CHECKING:
    from .errors import BrimfulError


class RangeDifference(NamedTuple):
    """A range of IDs whose count differed from the rows that had come. It was read again where rows were missing."""

    #: The range begins behind this ID.
    after: int
    #: The last ID of the range.
    up_to: int
    #: Rows that the portal counted; ``None``: it answered without a count.
    counted: Optional[int]
    #: Rows that had come. More than were counted: some were deleted meanwhile.
    came: int


class Verification(NamedTuple):
    """The portal's counts against the rows of a list."""

    #: Ranges of IDs that were counted.
    ranges: int
    #: Those whose count differed at first, at most 100 of them.
    differences: list[RangeDifference]


class ListReport(NamedTuple):
    """The account of a list that was read to its end. Times are in seconds."""

    #: Rows that came.
    rows: int
    requests: int
    commands: int
    retries: int
    waited_for_limit: float
    waited_for_operating: float
    elapsed: float
    #: How the list was walked.
    strategy: str
    #: Every row up to this ID is there, if the list was read by ID.
    complete_to: Optional[int]
    #: What proves it: ``"by ID"``, ``"counted"``, ``"nothing beside"``, ``"equal passes"``, ``"one reply"`` or ``"none"``.
    proof: str
    #: Rows that the portal counts and does not show to this user.
    hidden: int
    #: The ID to resume after, for ``resume_after``.
    resume_after: Optional[int]
    #: The portal's clock at its first answer, in Unix seconds.
    as_of: Optional[float] = None
    #: What was counted, where the list was asked for with ``verify``.
    verification: Optional[Verification] = None


class Misfit(NamedTuple):
    """A value that does not fit its column, which has null instead."""

    #: The ID of the row, as the portal wrote it.
    id: Any
    field: str
    value: Any
    reason: str


class Exported(NamedTuple):
    """What an export has written."""

    #: Rows, with those of an interrupted run that was resumed.
    rows: int
    #: The file, or the store and its table.
    name: str
    #: The size of the file; ``None`` for a store.
    bytes: Optional[int]
    #: How many values did not fit their columns.
    misfits: int
    #: The file or table that has them.
    misfits_in: Optional[str]
    #: The account of the list; ``None`` if only its first rows were wanted.
    report: Optional[ListReport]


class Outcome(NamedTuple):
    """The outcome of one call of many."""

    #: The number of the item from 0, its ID, or the label of its command.
    key: Any
    #: ``"done"``, ``"failed"``, ``"not_run"`` or ``"unknown"``.
    status: str
    #: The result, if it is done.
    result: Any
    #: Why there is none.
    error: Optional[BrimfulError]

    def value(self) -> Any:
        """The result. Raises the error if there is none."""
        if self.error is not None:
            raise self.error
        return self.result


def report_of(facts: Optional[dict[str, Any]]) -> Optional[ListReport]:
    """The account of a list, of what the native part tells."""
    if facts is None:
        return None
    report = ListReport(**facts)
    counted = facts.get("verification")
    if counted is None:
        return report
    ranges, differences = counted
    found = [RangeDifference(*one) for one in differences]
    return report._replace(verification=Verification(ranges, found))
