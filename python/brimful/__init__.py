"""Bitrix24 data: every row once, at the portal's full speed, in bounded memory.

>>> from brimful import Client
>>> client = Client("https://example.bitrix24.ru/rest/1/code/")      # doctest: +SKIP
>>> for deal in client.list("crm.deal.list", select=["ID", "TITLE"]):  # doctest: +SKIP
...     print(deal["TITLE"])

Programs that use fast_bitrix24 change one import: ``from brimful.fast_bitrix24 import Bitrix``.
"""

from ._client import AsyncClient, AsyncOutcomes, Client, Outcomes
from ._lists import AsyncRows, Rows
from ._native import __version__
from ._report import Exported, ListReport, Misfit, Outcome
from .errors import ApiError, BrimfulError, ConfigError, IncompleteError, MisfitWarning

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncOutcomes",
    "AsyncRows",
    "BrimfulError",
    "Client",
    "ConfigError",
    "Exported",
    "IncompleteError",
    "ListReport",
    "Misfit",
    "MisfitWarning",
    "Outcome",
    "Outcomes",
    "Rows",
    "__version__",
]
