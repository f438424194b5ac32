"""A part of fast_bitrix24 that is not here. Importing it says what to use instead."""

raise ImportError(
    "fast_bitrix24.mult_request is not in brimful: "
    "many calls are put together by another engine here. Call Bitrix.call with a list, or "
    "Bitrix.get_by_ID",
    name="fast_bitrix24.mult_request",
)
