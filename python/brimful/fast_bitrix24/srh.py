"""A part of fast_bitrix24 that is not here. Importing it says what to use instead."""

raise ImportError(
    "fast_bitrix24.srh is not in brimful: "
    "requests, their repeats and their limits are made by another engine here. Errors to catch "
    "are RuntimeError, aiohttp.ClientError and ErrorInServerResponseException; limits are "
    "request_pool_size, requests_per_second and operating_time_limit of Bitrix; a request of "
    "your own is call(method, params, raw=True)",
    name="fast_bitrix24.srh",
)
