"""What the checks of all clients in Python share: the portals, what is in them, and how a check is written."""

import asyncio
import inspect
import json
import os
import sys

PORTALS = json.loads(os.environ["INTEROP_PORTALS"])

# What crates/brimful-portal/examples/serve.rs puts into every portal.
LEADS = list(range(1, 3701, 3))
STATUSES = ["NEW", "IN_PROCESS", "CONVERTED"]
DEALS, COMPANIES, CONTACTS, TASKS, ITEMS, USERS, DEPARTMENTS = 250, 50, 60, 175, 120, 12, 75
SMART = 1032
# The highest ID of a lead: the next one gets the number after it.
LAST = LEADS[-1]

_failed = False


def url(portal="portal", scheme="https"):
    """The address of a portal's webhook."""
    return PORTALS[portal][scheme]


def origin(portal="portal", scheme="https"):
    """Scheme, host and port of a portal."""
    return url(portal, scheme).partition("/rest/")[0]


def host(portal="portal"):
    """Host and port of a portal that is reached over TLS."""
    return origin(portal).removeprefix("https://")


def lead_title(lead):
    return f"Lead {lead}"


def lead_name(lead):
    return f"Имя {lead} <b>&\"'/"


def check(sentence):
    """Runs a check where it is written. It fails when it raises anything."""

    def run(body):
        global _failed
        try:
            outcome = body()
            if inspect.iscoroutine(outcome):
                asyncio.run(outcome)
            print(f"ok   {sentence}")
        except Exception as error:
            _failed = True
            shown = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"FAIL {sentence}: {shown[:600]}")
        return body

    return run


def equal(got, wanted):
    if got != wanted or type(got) is not type(wanted):
        raise AssertionError(f"got {short(got)}, wanted {short(wanted)}")


def true(condition, otherwise):
    if not condition:
        raise AssertionError(otherwise)


def short(value):
    text = repr(value)
    return text if len(text) <= 260 else f"{text[:120]} … {text[-120:]}"


def raised(wanted, body):
    """The exception of a class that the body raises."""
    try:
        got = body()
    except wanted as error:
        return error
    raise AssertionError(f"no {wanted.__name__}, but {short(got)}")


def done():
    sys.exit(1 if _failed else 0)
