"""What is sent and what comes, for ``logging.getLogger("fast_bitrix24")``."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["Shown", "logger"]

logger = logging.getLogger("fast_bitrix24")
logger.addHandler(logging.NullHandler())
# A handler is enough to see everything, as with the original; a level that the program has set stays.
if logger.level == logging.NOTSET:
    logger.setLevel(logging.DEBUG)

_SECRET_NAMES = frozenset(
    {
        "access_token",
        "application_token",
        "auth",
        "client_secret",
        "password",
        "refresh_token",
        "sessid",
    }
)
#: Secrets inside of texts: in a query, and the code of a webhook.
_SECRET_IN_QUERY = re.compile(rf"\b({'|'.join(sorted(_SECRET_NAMES))})(=|%3D)[^&\s'\"]+", re.IGNORECASE)
_SECRET_IN_ADDRESS = re.compile(r"(/rest/\d+/)[^/\s'\"]+/")


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: "…" if str(key).strip().lower() in _SECRET_NAMES and item else _without_secrets(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_without_secrets(item) for item in value]
    if isinstance(value, str):
        hidden = _SECRET_IN_QUERY.sub(r"\1\2…", value)
        return _SECRET_IN_ADDRESS.sub(r"\1…/", hidden)
    return value


class Shown:
    """A value whose text has no secrets in it. The text is made only where it is read."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __str__(self) -> str:
        return str(_without_secrets(self._value))

    __repr__ = __str__
