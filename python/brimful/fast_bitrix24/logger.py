"""The log: ``logger``, which is ``logging.getLogger("fast_bitrix24")``."""

from ._log import logger

__all__ = ["logger"]
