"""The exception of a portal's error, where programs import it from, and how results are taken out of replies."""

from __future__ import annotations

from typing import Any, Optional

from ..errors import BrimfulError

__all__ = ["ErrorInServerResponseException", "ServerResponseParser", "unwrap", "unwrap_many"]


class ErrorInServerResponseException(Exception):
    """The portal answered with an error.

    The argument is what the portal said: a text or a dictionary, by the labels of the commands for several. ``cause`` is
    the first :class:`brimful.BrimfulError`, and ``outcomes`` are those of all commands.
    """

    def __init__(self, said: Any, cause: Optional[BrimfulError] = None, outcomes: Any = ()) -> None:
        super().__init__(said)
        self.cause = cause
        self.outcomes = list(outcomes)


def _is_nested(result: Any) -> bool:
    return isinstance(result, dict) and len(result) == 1


def unwrap(result: Any) -> Any:
    """The content of a result that has one key: ``{"tasks": [...]}`` is the list."""
    if _is_nested(result):
        return next(iter(result.values()))
    return result


def unwrap_many(results: dict[str, Any]) -> Any:
    """The results of several commands: one flat list where they are lists or have one key, else by their labels."""
    if not results:
        return []
    first = next(iter(results.values()))
    if not isinstance(first, (dict, list)):
        return first if len(results) == 1 else results
    if not isinstance(first, list) and not _is_nested(first):
        return results
    taken = [unwrap(result) for result in results.values()]
    if not isinstance(taken[0], list):
        return taken
    flat: list[Any] = []
    for part in taken:
        if isinstance(part, list):
            flat.extend(part)
        else:
            flat.append(part)
    return flat


class ServerResponseParser:
    """A reply of the portal, and what is in it."""

    def __init__(self, response: dict[str, Any], get_by_ID: bool = False) -> None:
        self.response = response
        self.get_by_ID = get_by_ID

    @property
    def result(self) -> Any:
        return self.response.get("result")

    @property
    def total(self) -> Optional[int]:
        return self.response.get("total")

    @property
    def result_error(self) -> Any:
        return self.response.get("result_error")

    @property
    def error_description(self) -> Optional[str]:
        return self.response.get("error_description")

    def is_batch(self) -> bool:
        return isinstance(self.result, dict) and "result" in self.result

    def more_results_expected(self) -> bool:
        return bool(self.response.get("next"))

    def extract_errors(self) -> Any:
        """What the portal said of commands or of the call; ``None`` without errors."""
        errors = self.result.get("result_error") if self.is_batch() else self.result_error
        return errors or self.response.get("error_description") or self.response.get("error") or None

    def raise_for_errors(self) -> None:
        errors = self.extract_errors()
        if errors:
            raise ErrorInServerResponseException(errors)

    def extract_results(self) -> Any:
        self.raise_for_errors()
        if not self.is_batch():
            return unwrap(self.result)
        results = self.result["result"]
        if self.get_by_ID:
            return results
        if isinstance(results, list):
            # A map without keys of its own is a list to PHP.
            results = {str(place): result for place, result in enumerate(results)}
        return unwrap_many(results)
