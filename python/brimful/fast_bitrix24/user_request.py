"""A part of fast_bitrix24 that is not here. Importing it says what to use instead."""

raise ImportError(
    "fast_bitrix24.user_request is not in brimful: "
    "calls are checked and made by another engine here. Call the methods of Bitrix or "
    "BitrixAsync",
    name="fast_bitrix24.user_request",
)
