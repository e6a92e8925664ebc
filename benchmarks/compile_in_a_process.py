"""Load and compile a large tree in a process of its own, and print seconds and peak memory as JSON."""

from __future__ import annotations

import json
import resource
import sys
from time import perf_counter

import yard


def main() -> None:
    """Take policies, chargers and windows from the command line."""
    tree = yard.files(*(int(word) for word in sys.argv[1:4]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = perf_counter()
    yard.compiled(tree)
    seconds = perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "peak_mb": peak / 1024, "before_mb": before / 1024}))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
