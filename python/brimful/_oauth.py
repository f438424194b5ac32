"""Applications: a user lets one in, and its tokens are kept in a store and refreshed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Protocol, Union

from . import _arguments, _native
from ._json import dumps, loads
from ._operations import awaiting, waiting

if TYPE_CHECKING:
    from ._operations import Operation

__all__ = ["Authorization", "Installation", "OAuth", "TokenStore", "Tokens"]

#: The tokens of a user of a portal: ``access_token``, ``refresh_token`` and ``client_endpoint``, and what else the portal
#: tells (``expires`` in Unix seconds, ``member_id``, ``user_id``, ``scope``, …). Who has them can call for the user.
Tokens = dict[str, Any]


class TokenStore(Protocol):
    """Keeps the tokens of one portal and user, where you keep them. Its methods are called on other threads.

    A refresh token is good for one refresh, so new tokens are saved before they are used. If another process has saved
    newer ones, they are taken up.
    """

    def load(self) -> Optional[Tokens]:
        """The tokens that were saved last, or ``None``."""

    def save(self, tokens: Tokens) -> None:
        """Saves tokens in the place of those there are. When it returns they must outlive the process."""


class Authorization(NamedTuple):
    """What a user is sent to a portal with, to let an application in."""

    #: Where to send the user.
    url: str
    #: What the user must come back with. Keep it until then, for this user alone.
    state: str


class Installation(NamedTuple):
    """What a portal has told when an application was installed."""

    #: What all further events of the portal carry. Keep it, and compare.
    application_token: str
    #: The version of the application that was installed.
    version: Optional[str]


class OAuth:
    """An application, and the tokens of one user of one portal, which are refreshed as they expire.

    >>> oauth = OAuth("local.64b7e3", "s3cr3t", store="tokens.json")
    >>> client = Client(oauth=oauth)  # doctest: +SKIP

    The first tokens come from :meth:`exchange`, :meth:`install` or :meth:`save`.

    :param client_id: the ID of the application.
    :param client_secret: its secret.
    :param store: the path of a file that its owner alone may read, or a :class:`TokenStore`. ``None`` keeps the tokens in
        memory.
    :param token_server: the server that gives out tokens, where it is none of Bitrix24's.
    :raises TypeError, ValueError: an argument makes no sense; the message names it.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        store: Union[str, os.PathLike[str], TokenStore, None] = None,
        token_server: Optional[str] = None,
    ) -> None:
        if token_server is not None:
            _arguments.text("token_server", token_server)
        self._client_id = _arguments.text("client_id", client_id)
        self._native = _native.OAuth(
            client_id,
            _arguments.text("client_secret", client_secret),
            store=_store(store),
            token_server=token_server,
        )

    def __repr__(self) -> str:
        return f"OAuth({self._client_id!r})"

    def authorize(self, portal: str) -> Authorization:
        """Where a user of a portal (``"example.bitrix24.ru"``) lets the application in. The user comes back to the
        application with a query, for :meth:`exchange`. Nothing is sent.

        :raises ConfigError: the address is not that of a portal.
        """
        return Authorization(*self._native.authorize(_arguments.text("portal", portal)))

    def _exchange(self, portal: str, query: str, state: str) -> Operation[Tokens]:
        """Exchanges the code in a query for tokens, and saves them. The code lives for 30 seconds.

        :param portal: the portal, as in :meth:`authorize`.
        :param query: the query of the address that the user came back to: ``"code=…&state=…"``.
        :param state: that of :meth:`authorize`.
        :raises BrimfulError: the query has another state, so that it may be somebody else's, or no code; or the code is not
            taken.
        """
        _arguments.text("portal", portal)
        tokens: Tokens = loads((yield self._native.exchange(portal, _arguments.text("state", state), query)))
        return tokens

    def _install(self, form: bytes) -> Operation[Installation]:
        """Reads the form that a portal posts when the application is installed (``ONAPPINSTALL``), and saves its tokens.

        :param form: the body of the request, as it came.
        :raises BrimfulError: it is another event, or has no tokens.
        """
        if not isinstance(form, bytes):
            raise TypeError(f"form is of type {type(form).__name__}, not bytes")
        return Installation(**loads((yield self._native.install(form))))

    def _save(self, tokens: Tokens) -> Operation[None]:
        """Saves tokens that came from elsewhere: ``access_token``, ``refresh_token`` and ``client_endpoint`` at least.

        :raises ValueError: they are no tokens.
        """
        yield self._native.save(dumps(tokens))

    exchange = waiting(_exchange)
    exchange_async = awaiting(_exchange)
    install = waiting(_install)
    install_async = awaiting(_install)
    save = waiting(_save)
    save_async = awaiting(_save)


def _store(store: Any) -> Any:
    """A store for the native part: a path, or functions that take and give JSON."""
    if store is None:
        return None
    if isinstance(store, (str, os.PathLike)):
        return _arguments.path("store", store)
    for name in ("load", "save"):
        if not callable(getattr(store, name, None)):
            raise TypeError(f"store is of type {type(store).__name__}, which has no method {name}()")

    def load() -> Optional[str]:
        tokens = store.load()
        return None if tokens is None else dumps(tokens)

    def save(tokens: str) -> None:
        store.save(loads(tokens))

    return load, save
