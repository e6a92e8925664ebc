"""What the house tests read: the project's own files."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MADE = {"__pycache__", "node_modules", "build", "dist"}
HIDDEN_BUT_OURS = {
    ".ci",
    ".gitlab-ci.yml",
    ".pre-commit-config.yaml",
    ".pre-commit-hooks.yaml",
    ".dockerignore",
    ".gitignore",
}
TEXT = {"", ".py", ".md", ".toml", ".yaml", ".yml", ".json", ".ndjson", ".ini", ".mako", ".typed"}


def code() -> list[Path]:
    """Return every module of the package."""
    return sorted((ROOT / "policy_service").rglob("*.py"))


def texts() -> list[Path]:
    """Return every text file that belongs to the project, the lock file and what tools leave behind apart."""
    found: list[Path] = []
    waiting = [path for path in ROOT.iterdir() if not path.name.startswith(".") or path.name in HIDDEN_BUT_OURS]
    while waiting:
        path = waiting.pop()
        if path.is_dir() and path.name not in MADE and not path.name.endswith(".egg-info"):
            waiting.extend(child for child in path.iterdir() if not child.name.startswith("."))
        elif path.is_file() and path.suffix in TEXT:
            found.append(path)
    return sorted(found)


def readme() -> str:
    """Return the README."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def targets() -> dict[str, str]:
    """Return the Makefile's documented targets with their line of help."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z-]+):.*## (.+)$", makefile, re.MULTILINE))


def table(heading: str) -> list[list[str]]:
    """Return the rows of the README's first table under a heading, without its head."""
    section = re.split(r"^#+ ", readme().split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]
