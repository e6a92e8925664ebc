"""The command ``policy-service``: everything it can do stands in :mod:`policy_service.entrypoints.cli`."""

from __future__ import annotations

import sys
from io import TextIOWrapper

from policy_service.entrypoints.cli.app import run


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # an odd file name or a narrow terminal must not end a command
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
