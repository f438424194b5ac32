"""A part of fast_bitrix24 that is not here. Importing it says what to use instead."""

raise ImportError(
    "fast_bitrix24.throttle is not in brimful: "
    "limits are kept by another engine here. Give request_pool_size, requests_per_second and "
    "operating_time_limit to Bitrix",
    name="fast_bitrix24.throttle",
)
