"""The version of fast_bitrix24 whose calls these are. That of this package is ``brimful.__version__``."""

__version__ = "1.8.14"
