"""The names of fast_bitrix24, on the engine of Brimful: change one import and get the right rows.

    from brimful.fast_bitrix24 import Bitrix, BitrixAsync
"""

from __future__ import annotations

import sys

from . import bitrix, server_response
from .bitrix import Bitrix, BitrixAsync
from .server_response import ErrorInServerResponseException

__all__ = ["Bitrix", "BitrixAsync", "ErrorInServerResponseException", "install"]


def install() -> None:
    """From now on ``import fast_bitrix24`` imports this module, in all modules of the program."""
    sys.modules["fast_bitrix24"] = sys.modules[__name__]
    sys.modules["fast_bitrix24.bitrix"] = bitrix
    sys.modules["fast_bitrix24.server_response"] = server_response
