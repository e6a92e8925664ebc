"""``schema``: the JSON Schemas of the policy format, printed or written."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from policy_service.entrypoints.cli.console import out
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.findings import plural
from policy_service.language.schema import schemas

app = typer.Typer(rich_markup_mode=None, add_completion=False)

OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="Write files into this directory."),
]

_SUFFIX = ".v1.json"


@app.command(
    epilog="\b\nExamples:\n  policy-service schema access-policy\n  policy-service schema --output schemas",
)
def schema(
    kind: Annotated[
        str | None,
        typer.Argument(metavar="KIND", help="A kind, such as access-policy or AccessPolicy; left out: list them."),
    ] = None,
    *,
    output: OutputOption = None,
) -> None:
    """Print the JSON Schema of a kind of policy document, or list the kinds; with --output, write the schemas.

    Each is written for JSON Schema 2020-12, and for editors as draft-07 into draft-07/ beside it.
    """
    wanted = schemas() if kind is None else _of_kind(kind)
    if output is not None:
        _write(wanted, output)
    elif kind is None:
        for name in _kinds():
            out(name)
    else:
        typer.echo(_text(next(iter(wanted.values()))), nl=False)


def _kinds() -> list[str]:
    return sorted(name.removesuffix(_SUFFIX) for name in schemas() if "/" not in name)


def _of_kind(kind: str) -> dict[str, dict[str, Any]]:
    """Return the kind's schema and its draft-07 copy, whichever way the kind is spelled."""
    spelled = {name.replace("-", ""): name for name in _kinds()}
    plain = kind.lower().replace("-", "").removesuffix(_SUFFIX)
    if plain not in spelled:
        meant = get_close_matches(plain, spelled, n=1)
        known = ", ".join(_kinds())
        hint = f"did you mean `{spelled[meant[0]]}`? there are {known}" if meant else f"there are {known}"
        message = f"there is no kind `{kind}`"
        raise CommandError(message, hint)
    file = spelled[plain] + _SUFFIX
    return {name: found for name, found in schemas().items() if name.rpartition("/")[2] == file}


def _write(wanted: dict[str, dict[str, Any]], output: Path) -> None:
    try:
        for name, found in wanted.items():
            path = output / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_text(found), encoding="utf-8")
    except OSError as error:
        message = f"`{output}` cannot be written: {error.strerror or type(error).__name__}"
        raise CommandError(message, "give a directory that you may write") from error
    out(f"{plural(len(wanted), 'schema')} in {output}")


def _text(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"
