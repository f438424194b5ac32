"""The names of fast_bitrix24, on the engine of Brimful: change one import and get the right rows.

    from brimful.fast_bitrix24 import Bitrix, BitrixAsync
"""

from __future__ import annotations

import sys

from . import __version__, bitrix, logger, server_response, utils
from .bitrix import Bitrix, BitrixAsync
from .server_response import ErrorInServerResponseException

__all__ = ["Bitrix", "BitrixAsync", "ErrorInServerResponseException", "install"]


def install() -> None:
    """From now on ``import fast_bitrix24`` imports this module, in all modules of the program: also ``bitrix``, ``logger``,
    ``server_response`` and ``utils`` in it. Other modules of the original say at their import what to use instead."""
    sys.modules["fast_bitrix24"] = sys.modules[__name__]
    for module in (__version__, bitrix, logger, server_response, utils):
        sys.modules[module.__name__.replace(__name__, "fast_bitrix24", 1)] = module
