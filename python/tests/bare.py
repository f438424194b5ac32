"""The package where nothing else is installed: run by run-tests in an environment of its own."""

import subprocess
import sys

from brimful import Client
from brimful.fast_bitrix24 import Bitrix
from brimful.testing import portal

with portal(rows={"crm.deal": 120}) as b24:
    rows = Client(b24.webhook, rate=None).list("crm.deal.list", select=["ID"])
    assert len(list(rows)) == 120
    assert len(Bitrix(b24.webhook).get_all("crm.deal.list")) == 120
    try:
        Client(b24.webhook, rate=None).list("crm.deal.list").to_polars()
    except ImportError as error:
        assert "polars" in str(error)
    else:
        raise AssertionError("there is no polars here")
version = subprocess.run([sys.argv[1], "--version"], capture_output=True, text=True, check=True)
assert version.stdout.startswith("brimful "), version
