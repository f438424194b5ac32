"""A portal emulator for the tests of your own integration.

>>> from brimful.testing import portal
>>> with portal(rows={"crm.deal": 3}) as b24:
...     b24.webhook.endswith("/rest/1/demo/")
True
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Optional

from .. import _native

__all__ = ["Portal", "portal"]


class Portal:
    """An emulated portal on a free port of this machine.

    :param rows: how many rows to make up, by entity: ``{"crm.deal": 1000}``.
    :param load: rows of your own, by entity: ``{"crm.deal": [{"ID": "7", "TITLE": "Seven"}]}``, or by the method that
        lists them: ``{"sale.shipment.list": […]}``.
    :param replies: what methods answer that are not modelled, by method.
    :param rate: the rate limit, ``(50, 2.0)`` as on a real portal; without it there is none.
    :param seed: makes made-up rows repeatable.
    :param apps: applications that are installed, and their secrets: ``{"local.app": "s3cret"}``. The portal has an OAuth
        server for them, at its own address, and user 1 lets them in without a page.
    :raises ValueError: the data makes no sense.
    """

    def __init__(
        self,
        *,
        rows: Optional[Mapping[str, int]] = None,
        load: Optional[Mapping[str, Iterable[Mapping[str, Any]]]] = None,
        replies: Optional[Mapping[str, Any]] = None,
        rate: Optional[tuple[float, float]] = None,
        seed: Optional[int] = None,
        apps: Optional[Mapping[str, str]] = None,
    ) -> None:
        self._native = _native.TestPortal(
            rows=list((rows or {}).items()),
            load=[(entity, json.dumps(list(given))) for entity, given in (load or {}).items()],
            replies=[(method, json.dumps(reply)) for method, reply in (replies or {}).items()],
            rate_limit=rate,
            seed=seed,
            apps=list((apps or {}).items()),
        )

    @property
    def webhook(self) -> str:
        """The address of its webhook."""
        webhook: str = self._native.webhook()
        return webhook

    @property
    def stats(self) -> dict[str, Any]:
        """What it has been asked for: ``requests``, ``commands``, ``refused``, and ``methods`` with how often each ran."""
        stats: dict[str, Any] = self._native.stats()
        return stats

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The last 1,000 requests, oldest first: ``method``, ``params``, ``status``, and the ``commands`` of a batch with
        ``method``, ``params`` and ``status`` of each. Secrets are left out."""
        import urllib.request

        address = self.webhook.partition("/rest/")[0] + "/_portal/requests"
        # A proxy of the environment knows nothing of this portal.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(address, timeout=30) as reply:
            requests: list[dict[str, Any]] = json.load(reply)
        return requests

    def set_faults(self, spec: str) -> None:
        """From now on these faults happen, such as ``"503:5%"``. See the emulator's documentation.

        :raises ValueError: there is no such fault.
        """
        self._native.set_faults(spec)

    def close(self) -> None:
        """Ends it."""
        self._native.close()

    def __enter__(self) -> Portal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def portal(**options: Any) -> Iterator[Portal]:
    """A portal for a block. Takes the options of :class:`Portal`."""
    made = Portal(**options)
    try:
        yield made
    finally:
        made.close()
