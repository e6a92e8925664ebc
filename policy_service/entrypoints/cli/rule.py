"""``rule``: what a code of a finding means; for rules of lint, their page."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from importlib import resources
from operator import ne
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policy_service.domain.codes import CODES
from policy_service.domain.diagnostic import Severity
from policy_service.entrypoints.cli.columns import Columns
from policy_service.entrypoints.cli.console import out, out_raw
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.lint.table import BY_CODE, BY_NAME

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_CODE = re.compile(r"PS\d{3}", re.ASCII)
_LINK = re.compile(r"\[([^\]]+)\]\(\.\./([^)]+)\)")
"""From a page to a guide: it leads nowhere on a terminal, so the guide is named as it stands in the repository."""
_FEW = 3


@app.command(epilog="\b\nExamples:\n  policy-service rule PS210\n  policy-service rule owner-missing")
def rule(
    code: Annotated[
        str | None,
        typer.Argument(metavar="CODE|NAME", help="A code such as PS201, or a rule's name; left out: list all."),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write what the list says as JSON: all codes, or the one named.")
    ] = False,
) -> None:
    """Say what a finding's code means: for a rule of lint what it finds, why, an example, and how to mend it."""
    if as_json:
        out_raw(json.dumps({"rules": _rows() if code is None else [_row(_known(code))]}) + "\n")
    elif code is None:
        rows = [(str(row["code"]), str(row["level"]), str(row["name"]), str(row["title"])) for row in _rows()]
        for line in Columns("code", "level", "name", "finds").lines(rows):
            out(line)
    else:
        out_raw(_page(_known(code)))


def _rows() -> list[dict[str, object]]:
    return [_row(code) for code in sorted((*CODES, *BY_CODE))]


def _row(code: str) -> dict[str, object]:
    if code in BY_CODE:
        row = BY_CODE[code]
        return {
            "code": code,
            "name": row.name,
            "level": row.level,
            "title": row.title,
            "fixable": row.fixable,
        }
    return {"code": code, "name": "", "level": CODES[code].severity, "title": CODES[code].title, "fixable": False}


def _known(written: str) -> str:
    """Return the code that is meant. Raises CommandError."""
    code = BY_NAME[written].code if written in BY_NAME else written.upper()
    if code in CODES or code in BY_CODE:
        return code
    close = _near_code(code) if _CODE.fullmatch(code) else _near_name(written.lower())
    message = f"there is no rule `{written}`"
    raise CommandError(message, f"did you mean {close}?" if close else "`policy-service rule` lists all")


def _near_code(code: str) -> str | None:
    """Return the nearest code of which one digit was mistyped: other numbers say nothing of what is meant."""
    near = [known for known in (*CODES, *BY_CODE) if sum(map(ne, known, code)) == 1]
    close = min(near, key=lambda known: abs(int(known[2:]) - int(code[2:])), default=None)
    return close and f"`{close}`"


def _near_name(written: str) -> str | None:
    """Return the name that is meant, or the few that have a word like the one that was written."""
    words = {word: None for name in BY_NAME for word in name.split("-")}
    like = get_close_matches(written, words, n=1)
    meant = get_close_matches(written, BY_NAME, n=1) or [
        name for name in BY_NAME if like and like[0] in name.split("-")
    ]
    return " or ".join(f"`{name}`" for name in meant[:_FEW]) or None


def _page(code: str) -> str:
    page = _pages() / f"{code}.md"
    if page.is_file():
        return _LINK.sub(r"\1 (docs/\2)", page.read_text(encoding="utf-8"))
    row = CODES[code]
    told = (
        "It keeps the tree from being served." if row.severity is Severity.ERROR else "The tree is served nevertheless."
    )
    return (
        f"# {code}: {row.title}\n\nLevel: {row.severity}. {told}\n`policy-service check` shows where, and what to do.\n"
    )


def _pages() -> Traversable:
    """Return where the pages are: inside an installed package, else in the documentation beside its source."""
    installed = resources.files("policy_service.lint") / "pages"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "docs" / "lint"
