"""What can go wrong, in the portal's own words.

What goes wrong in a call or a list raises a :class:`BrimfulError`; arguments that make no sense raise ``ValueError`` or
``TypeError``. The attributes say what is known:

``kind``
    What kind of error it is. The portal answered: ``"Api"``, ``"NotFound"``, ``"AccessDenied"``, ``"Auth"``,
    ``"InsufficientScope"``, ``"MethodNotFound"``, ``"QueryLimit"``, ``"OperationTimeLimit"``. No proper answer came:
    ``"Transport"``, ``"Decode"``, ``"Redirect"``, ``"Deadline"``. Nothing was sent: ``"Config"``, ``"TooLarge"``. A list
    is not whole: ``"Incomplete"``. A reference of a batch found no value: ``"EmptyReference"``; the batch did not get to
    the command: ``"Halted"``. An export cannot be written: ``"Output"``. A file or the store of
    tokens cannot be read or written: ``"Io"``.
``execution``
    ``"ran"``, ``"not_run"`` or ``"unknown"``: whether the portal has carried the call out. After ``"unknown"`` look
    before you call a method that writes again.
``code``, ``description``
    ``error`` and ``error_description`` of the portal's reply, where there is one.
``status``, ``body``
    HTTP status and body of the reply, where it was no proper one.
``method``, ``command``
    The method, and the command of a batch.
``problems``
    What is wrong with the parameters of a list that was refused, as far as a program can do something about it:
    :class:`ParameterProblem`.
``report``
    The account of a list that broke off, with ``resume_after``.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from ._report import ListReport, report_of

__all__ = ["ApiError", "BrimfulError", "ConfigError", "IncompleteError", "MisfitWarning", "ParameterProblem"]


class ParameterProblem(NamedTuple):
    """What is wrong with a parameter of a list that was refused."""

    #: ``"unknown_in_filter"``: the name is no field. Older methods pass such a condition over and return the whole list;
    #: ``crm.item.*``, ``catalog.*`` and ``sale.*`` answer with an error. ``"passed_over"``: the portal would pass the
    #: parameter or condition over and return the whole list. ``"select_passed_over"``: the list has no select, and its rows
    #: come with all their fields. ``"boolean_for_letter"``: the filter compares the field with a boolean, and the portal
    #: reads the letters Y and N there.
    kind: str
    #: The name of the field, the parameter or the condition.
    name: str


class BrimfulError(Exception):
    """An error of the client or of the portal."""

    def __init__(self, message: str, facts: Optional[dict[str, Any]] = None) -> None:
        super().__init__(message)
        facts = facts or {}
        self.kind: str = facts.get("kind", "Config")
        self.execution: str = facts.get("execution", "not_run")
        self.method: Optional[str] = facts.get("method")
        self.command: Optional[str] = facts.get("command")
        self.code: Optional[str] = facts.get("code")
        self.description: Optional[str] = facts.get("description")
        self.status: Optional[int] = facts.get("status")
        self.body: Optional[bytes] = facts.get("body")
        self.problems = [ParameterProblem(*one) for one in facts.get("problems", ())]
        self.report: Optional[ListReport] = report_of(facts.get("report"))


class ApiError(BrimfulError):
    """The portal answered with an error: see ``code`` and ``description``."""


class ConfigError(BrimfulError, ValueError):
    """The call or a setting makes no sense. Nothing was sent."""


class IncompleteError(BrimfulError):
    """A list could not be read to its end, or not be proved to be whole."""


class MisfitWarning(UserWarning):
    """Values of a list did not fit the columns of a dataframe: they are null there, and in ``misfits`` of the list."""


#: Kinds of which the portal itself says what is wrong.
_SAID_BY_THE_PORTAL = (
    "AccessDenied",
    "Api",
    "Auth",
    "InsufficientScope",
    "MethodNotFound",
    "NotFound",
    "OperationTimeLimit",
    "QueryLimit",
)


def _from_native(message: str, facts: dict[str, Any]) -> BrimfulError:
    """The exception of an error of the native part."""
    kind = facts.get("kind", "")
    if kind == "Config":
        return ConfigError(message, facts)
    if kind == "Incomplete":
        return IncompleteError(message, facts)
    if kind in _SAID_BY_THE_PORTAL and "code" in facts:
        return ApiError(message, facts)
    if "report" in facts:
        return IncompleteError(message, facts)
    return BrimfulError(message, facts)
