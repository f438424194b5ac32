"""Applications: tokens that are exchanged, stored and refreshed, by both clients."""

import http.client
import json
import os
import stat
import sys
from urllib.parse import urlsplit

import pytest

from brimful import BrimfulError, Client, OAuth

APP = {"local.app": "s3cret"}


@pytest.fixture
def portal(make_bitrix_portal):
    return make_bitrix_portal(rows={"crm.deal": 3, "user": 3}, apps=APP)


def address(portal):
    return portal.webhook.partition("/rest/")[0]


def come_back(url):
    """The query with which the portal sends a user back who lets the application in."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return urlsplit(answer.headers["Location"]).query


def let_in(portal, oauth):
    request = oauth.authorize(address(portal))
    return oauth.exchange(address(portal), come_back(request.url), request.state)


class Store:
    """A store of the program's own."""

    def __init__(self):
        self.saved = []
        self.fails = False

    def load(self):
        return self.saved[-1] if self.saved else None

    def save(self, tokens):
        if self.fails:
            raise OSError("the disk is full")
        self.saved.append(tokens)


def test_an_application_calls_with_tokens_that_it_exchanged_and_refreshes_them(kind, portal):
    store = Store()
    oauth = OAuth("local.app", "s3cret", store=store)
    request = oauth.authorize(address(portal))
    query = come_back(request.url)
    exchange = oauth.exchange if kind.client is Client else oauth.exchange_async
    tokens = kind.run(exchange(address(portal), query, request.state))
    assert store.saved == [tokens]
    client = kind.client(oauth=oauth, rate=None)
    assert len(kind.all(client.list("crm.deal.list", select=["ID"]))) == 3
    portal.set_faults("expired-token times=1")
    assert kind.run(client.call("crm.deal.get", {"id": 2}))["ID"] == "2"
    assert len(store.saved) == 2
    assert store.saved[1]["refresh_token"] != tokens["refresh_token"]


def test_tokens_are_kept_in_a_file_of_their_own(kind, portal, tmp_path):
    path = tmp_path / "tokens.json"
    tokens = let_in(portal, OAuth("local.app", "s3cret", store=path))
    assert json.loads(path.read_text())["access_token"] == tokens["access_token"]
    if sys.platform != "win32":
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    later = kind.client(oauth=OAuth("local.app", "s3cret", store=str(path)), rate=None)
    assert kind.run(later.call("crm.deal.get", {"id": 1}))["ID"] == "1"


def test_tokens_from_elsewhere_and_of_an_installation(kind, portal):
    tokens = let_in(portal, OAuth("local.app", "s3cret"))
    saved = OAuth("local.app", "s3cret")
    saved.save(tokens)
    assert kind.run(kind.client(oauth=saved, rate=None).call("profile"))
    form = (
        f"event=ONAPPINSTALL&data[VERSION]=3&auth[access_token]={tokens['access_token']}"
        f"&auth[refresh_token]={tokens['refresh_token']}&auth[client_endpoint]={tokens['client_endpoint']}"
        "&auth[application_token]=t0ken"
    )
    installed = OAuth("local.app", "s3cret")
    assert installed.install(form.encode()) == ("t0ken", "3")
    assert kind.run(kind.client(oauth=installed, rate=None).call("profile"))


def test_what_is_wrong_with_tokens_is_said_without_them(kind, portal, tmp_path):
    with pytest.raises(BrimfulError, match="no tokens yet"):
        kind.client(oauth=OAuth("local.app", "s3cret"))
    oauth = OAuth("local.app", "s3cret", store=Store())
    request = oauth.authorize(address(portal))
    query = come_back(request.url)
    with pytest.raises(BrimfulError, match="not the state") as caught:
        oauth.exchange(address(portal), query, "another")
    assert caught.value.kind == "Auth"
    for tokens in ({}, {"access_token": {"s3cr3t": 1}}):
        with pytest.raises(ValueError, match="these are no tokens") as caught:
            oauth.save(tokens)
        assert "s3cr3t" not in str(caught.value)
    with pytest.raises(BrimfulError, match="ONAPPINSTALL") as caught:
        oauth.install(b"event=ONCRMLEADADD&auth[application_token]=s3cr3t")
    assert "s3cr3t" not in str(caught.value)


def test_tokens_that_cannot_be_stored_are_not_used(kind, portal):
    store = Store()
    oauth = OAuth("local.app", "s3cret", store=store)
    let_in(portal, oauth)
    client = kind.client(oauth=oauth, rate=None, attempts=1)
    portal.set_faults("expired-token times=1")
    store.fails = True
    with pytest.raises(BrimfulError, match="the disk is full"):
        kind.run(client.call("profile"))
    store.fails = False
    assert kind.run(client.call("profile"))


@pytest.mark.parametrize(
    "make, error, name",
    [
        (lambda: OAuth("", "s3cret"), ValueError, "client_id"),
        (lambda: OAuth("local.app", None), TypeError, "client_secret"),
        (lambda: OAuth("local.app", "s3cret", store=object()), TypeError, "store"),
        (lambda: OAuth("local.app", "s3cret", store=5), TypeError, "store"),
        (lambda: OAuth("local.app", "s3cret").authorize(""), ValueError, "portal"),
        (lambda: OAuth("local.app", "s3cret").install("form"), TypeError, "form"),
        (lambda: Client(oauth="tokens.json"), TypeError, "oauth"),
        (lambda: Client("https://a.test/rest/1/b/", oauth=OAuth("a", "b")), ValueError, "oauth"),
        (lambda: Client(), TypeError, "webhook"),
    ],
)
def test_arguments_that_make_no_sense(make, error, name):
    with pytest.raises(error, match=f"^{name} "):
        make()


def test_secrets_are_not_shown():
    assert "s3cret" not in repr(OAuth("local.app", "s3cret"))
