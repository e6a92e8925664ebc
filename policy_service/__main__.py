"""The command ``policy-service``: everything it can do stands in :mod:`policy_service.entrypoints.cli`."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from policy_service.entrypoints.cli.app import run

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def main() -> None:
    """Run the command line and leave with its exit code."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # an odd file name or a narrow terminal must not end a command
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def _open_streams() -> None:
    """Lead streams that were closed before the start to nowhere, lest a file of ours gets their number."""
    while (free := os.open(os.devnull, os.O_RDWR)) < len(_STREAMS):
        pass
    os.close(free)
    for number, (name, mode) in enumerate(_STREAMS):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


if __name__ == "__main__":
    main()
