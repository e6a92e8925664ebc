"""The command ``policy-service``: everything it can do stands in :mod:`policy_service.entrypoints.cli`."""

from __future__ import annotations

import sys

from policy_service.entrypoints.cli.app import run


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
