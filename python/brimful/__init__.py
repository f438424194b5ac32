"""Bitrix24 data: every row once, at the portal's full speed, in bounded memory.

>>> from brimful import Client
>>> client = Client("https://example.bitrix24.ru/rest/1/code/")      # doctest: +SKIP
>>> for deal in client.list("crm.deal.list", select=["ID", "TITLE"]):  # doctest: +SKIP
...     print(deal["TITLE"])

Programs that use fast_bitrix24 change one import: ``from brimful.fast_bitrix24 import Bitrix``.
"""

from ._client import AsyncClient, Client
from ._fields import Choice, Field
from ._files import Downloaded, FileData
from ._limits import Limits, MethodLimit
from ._lists import AsyncRows, Rows
from ._native import __version__
from ._oauth import Authorization, Installation, OAuth, Tokens, TokenStore
from ._outcomes import AsyncOutcomes, Outcomes
from ._report import Exported, ListReport, Misfit, Outcome, RangeDifference, Verification
from .errors import (
    ApiError,
    BrimfulError,
    ConfigError,
    IncompleteError,
    MisfitWarning,
    ParameterProblem,
)

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncOutcomes",
    "AsyncRows",
    "Authorization",
    "BrimfulError",
    "Choice",
    "Client",
    "ConfigError",
    "Downloaded",
    "Exported",
    "Field",
    "FileData",
    "IncompleteError",
    "Installation",
    "Limits",
    "ListReport",
    "MethodLimit",
    "Misfit",
    "MisfitWarning",
    "OAuth",
    "Outcome",
    "Outcomes",
    "ParameterProblem",
    "RangeDifference",
    "Rows",
    "TokenStore",
    "Tokens",
    "Verification",
    "__version__",
]
