"""The program ``brimful``: ``python -m brimful export crm.deal.list -o deals.csv``."""

from __future__ import annotations

import signal
import sys

from . import _native


def main() -> None:
    """Runs the program with the arguments of this process, and ends with its exit code."""
    # Signals are those of the program: Python would only look at them when it is over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_native.run_program(["brimful", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
