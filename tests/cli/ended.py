"""How a command ended, and where its examples lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass
class Ended:
    """Exit code, and what was written to either stream."""

    code: int
    out: str
    err: str
