"""Coverage of policies for a terminal, as JSON, and as pages that show the policies' text."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from typing import TYPE_CHECKING, Any

from rich.text import Text

from policy_service.domain.place import NOWHERE
from policy_service.engine.coverage import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from policy_service.engine.coverage import Coverage, Part

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #1b1b1b; background: #fff; }
table { border-collapse: collapse; } td, th { padding: 0 0.7rem; text-align: left; vertical-align: top; }
pre { margin: 0; font: 13px/1.5 ui-monospace, monospace; white-space: pre-wrap; }
.met { background: #e3f4e6; } .part { background: #fff3cd; } .missed { background: #fbdcdc; }
.number { color: #595959; text-align: right; }
"""


def coverage_lines(coverage: Coverage, within: str) -> Iterator[Text]:
    """Yield what is not covered, and a line of sums; ``within`` is the directory of the files, with a slash."""
    for part in coverage.missing:
        yield Text.assemble(
            ("not covered", "bold yellow"), f"  {part.policy}: {part.text}  ", (f"{within}{part.place}", "dim")
        )
    sums = ", ".join(f"{kind}s {met} of {parts}" for kind, (met, parts) in _by_kind(coverage).items() if parts)
    yield Text.assemble((f"coverage {_percent(coverage)}", "bold"), f": {sums or 'nothing to cover'}")


def coverage_json(coverage: Coverage, within: str) -> dict[str, Any]:
    """Return the same as data."""
    missing = [
        {
            "policy": part.policy,
            "kind": str(part.kind),
            "name": part.name,
            "built_in": part.built_in,
            "file": f"{within}{part.place.file}",
            "line": part.place.line,
        }
        for part in coverage.missing
    ]
    kinds = {str(kind): {"met": met, "parts": parts} for kind, (met, parts) in _by_kind(coverage).items()}
    return {"percent": round(coverage.percent, 2), "kinds": kinds, "missing": missing}


def write_pages(coverage: Coverage, sources: Mapping[str, bytes], directory: Path) -> None:
    """Write an index and a page a file, with every line that has something to cover. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    by_file: dict[str, list[Part]] = defaultdict(list)
    for part in coverage.parts:
        if part.place != NOWHERE:
            by_file[part.place.file].append(part)
    rows: list[str] = []
    for number, (file, parts) in enumerate(sorted(by_file.items()), start=1):
        page = f"file-{number}.html"
        met = sum(part in coverage.met for part in parts)
        rows.append(
            f'<tr><td><a href="{page}">{escape(file)}</a></td><td class="number">{met} of {len(parts)}</td></tr>'
        )
        body = _listing(coverage, parts, sources.get(file, b"").decode("utf-8", "replace").splitlines())
        (directory / page).write_text(_page(file, f'<p><a href="index.html">All files</a></p>{body}'), encoding="utf-8")
    table = f"<table><tr><th>File</th><th>Covered</th></tr>{''.join(rows)}</table>"
    title = f"Coverage {_percent(coverage)}"
    (directory / "index.html").write_text(_page(title, table), encoding="utf-8")


def _by_kind(coverage: Coverage) -> dict[Kind, tuple[int, int]]:
    return {kind: coverage.counts(kind) for kind in Kind}


def _percent(coverage: Coverage) -> str:
    """Write the share; what is not complete never rounds up to 100 %."""
    whole = int(coverage.percent * 10) / 10
    return f"{whole:g} %"


def _listing(coverage: Coverage, parts: Sequence[Part], lines: Sequence[str]) -> str:
    by_line: dict[int, list[Part]] = defaultdict(list)
    for part in parts:
        by_line[part.place.line].append(part)
    rows = [_row(coverage, number, line, by_line.get(number, ())) for number, line in enumerate(lines, start=1)]
    return f"<table>{''.join(rows)}</table>"


def _row(coverage: Coverage, number: int, line: str, parts: Sequence[Part]) -> str:
    missing = [part for part in parts if part not in coverage.met]
    style = "" if not parts else "met" if not missing else "missed" if len(missing) == len(parts) else "part"
    told = "not covered: " + ", ".join(part.text for part in missing) if missing else "covered" if parts else ""
    return (
        f'<tr class="{style}"><td class="number">{number}</td><td><pre>{escape(line)}</pre></td>'
        f"<td>{escape(told)}</td></tr>"
    )


def _page(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{escape(title)}</h1>{body}</body></html>\n'
