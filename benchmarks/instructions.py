"""Instructions a decision, as cachegrind counts them: the same on a quiet machine and on a busy one.

One process warms up, and parts: one half decides so many times, the other twice as often. What they differ by is the
decisions alone: start, warm-up and the counting itself cancel out.
"""

from __future__ import annotations

import os
import pickle
import random
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from policy_service.domain.instant import DAY
from policy_service.engine.decide import decide

if TYPE_CHECKING:
    from policy_service.domain.registration import Registration
    from policy_service.engine.plan import Plan

_DECISIONS = 2_000
_SUMMARY = re.compile(r"^summary: (\d+)", re.MULTILINE)


def available() -> bool:
    """Tell whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def instructions(plan: Plan, finding: Registration, now: int) -> float:
    """Return instructions a decision of the plan in the days before and after an instant, the record in hand.

    The order in which hashes of texts fall is fixed: it would move the figure by some parts in a thousand.
    """
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "asked"
        asked.write_bytes(pickle.dumps((replace(plan, digest=None), finding, now)))
        command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={folder}/%p.out"]
        done = subprocess.run(  # noqa: S603 - a program of the system, and this very file
            [*command, sys.executable, str(Path(__file__)), str(asked)],
            env={**os.environ, "PYTHONHASHSEED": "0"},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        counted = sorted(_summary(Path(folder) / f"{pid}.out") for pid in done.stdout.split())
    return (counted[1] - counted[0]) / _DECISIONS


def _summary(file: Path) -> int:
    found = _SUMMARY.search(file.read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1])


def _main() -> None:
    plan, finding, now = pickle.loads(Path(sys.argv[1]).read_bytes())  # noqa: S301 - written above
    rng, ids = random.Random(20261123), list(plan.chargers)  # noqa: S311 - questions, not secrets
    questions = [(rng.choice(ids), now + rng.randrange(100 * DAY)) for _ in range(_DECISIONS)]

    def decisions() -> None:
        for charger, at in questions:
            decide(plan, charger, at, finding)

    decisions()
    for times in (1, 2):
        pid = os.fork()
        if pid == 0:
            for _ in range(times):
                decisions()
            os._exit(0)
        os.waitpid(pid, 0)
        sys.stdout.write(f"{pid}\n")


if __name__ == "__main__":
    _main()
