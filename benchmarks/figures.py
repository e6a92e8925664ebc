"""The table of a run: what was measured, on which machine and with which versions, as Markdown and as JSON."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIBRARIES = ("policy-service", "uvicorn", "uvloop", "httptools", "fastapi", "msgspec", "orjson", "sqlalchemy")


@dataclass(frozen=True)
class Row:
    """One figure, and the bound that it is held to."""

    what: str
    figure: str
    bound: str
    by: str
    """The benchmark that measured it."""
    ratios: Mapping[str, float | None]


@dataclass
class Table:
    """The rows of a run."""

    rows: list[Row] = field(default_factory=list)

    def add(self, what: str, figure: str, bound: str, *, by: str, ratios: Mapping[str, float | None]) -> None:
        """Add a row."""
        self.rows.append(Row(what, figure, bound, by, ratios))

    def markdown(self) -> str:
        """Return the table, after a line about machine and versions."""
        about = machine()
        lines = [", ".join(f"{name} {value}" for name, value in {**about, **versions()}.items()), ""]
        lines += ["| what | figure | bound |", "|---|---|---|"]
        return "\n".join([*lines, *(f"| {row.what} | {row.figure} | {row.bound} |" for row in self.rows)])

    def save(self, folder: Path) -> None:
        """Write ``figures.md`` and ``figures.json``."""
        folder.mkdir(exist_ok=True)
        (folder / "figures.md").write_text(self.markdown() + "\n", encoding="utf-8")
        told = {"machine": machine(), "versions": versions(), "figures": [asdict(row) for row in self.rows]}
        (folder / "figures.json").write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def machine() -> dict[str, str]:
    """Return what the machine is, how busy it was, and when."""
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "load": f"{os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Return the versions that figures depend on."""
    found = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    return found | {name: version(name) for name in _LIBRARIES} | {"load by": "wrk" if shutil.which("wrk") else "epoll"}


def _processor() -> str:
    told = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    names = [line.partition(": ")[2] for line in told.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()
