"""``init``: a working tree of policies to start from."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

import policy_service
from policy_service.entrypoints import cli
from policy_service.entrypoints.cli.console import note, out
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.findings import plural
from policy_service.language.schema import schemas

app = typer.Typer(rich_markup_mode=None, add_completion=False)

STARTER = "starter"
"""The folder beside this module whose files are written; `dot-` in a name stands for a leading dot."""


_MAY_STAND = ("README.md", ".gitignore")
"""What a fresh clone of GitLab or GitHub has already."""
_SCHEMAS = "schemas/"


@app.command(epilog="\b\nExample:\n  policy-service init depot && cd depot && policy-service test --fail-under 100")
def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to; it is made where it is missing.")
    ] = Path(),
) -> None:
    """Write a policy tree that passes its checks and tests, with schemas, editor settings and pipelines.

    Nothing is overwritten: a README.md and a .gitignore that are there stay as they are; where another of the files is,
    none is written.
    """
    files = starter_files()
    standing = [name for name in files if name not in _MAY_STAND and (directory / name).exists()]
    if standing:
        message = f"`{directory / standing[0]}` exists already"
        raise CommandError(message, "give another directory, or move that away")
    for name in _MAY_STAND:
        if (directory / name).exists():
            del files[name]
            note(f"note: {directory / name} is there already and stays as it is")
    try:
        for name, text in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"`{error.filename or directory}` cannot be written: {error.strerror}"
        raise CommandError(message, "give a directory that you may write") from error
    for name in files:
        if not name.startswith(_SCHEMAS):
            out(name)
    out(f"{_SCHEMAS} ({plural(sum(name.startswith(_SCHEMAS) for name in files), 'file')})")
    there = "" if directory == Path() else f"cd {quote(str(directory))} && "
    out(f"{plural(len(files), 'file')} in {directory}; next: {there}policy-service check && policy-service test")


def starter_files() -> dict[str, str]:
    """Return the files by name, in order."""
    root = resources.files(cli).joinpath(STARTER)
    texts = {name.replace("dot-", "."): root.joinpath(name).read_text(encoding="utf-8") for name in _NAMES}
    texts = {name: text.replace("VERSION", policy_service.__version__) for name, text in texts.items()}
    return texts | {
        f"{_SCHEMAS}{name}": json.dumps(found, ensure_ascii=False, indent=2) + "\n" for name, found in schemas().items()
    }


_NAMES = (
    "README.md",
    "dot-gitignore",
    "policy-service.toml",
    "policies/depot.yaml",
    "policies/chargers.yaml",
    "policies/tests.yaml",
    "dot-editorconfig",
    "dot-gitlab-ci.yml",
    "dot-github/workflows/policies.yml",
    "dot-vscode/settings.json",
    "dot-vscode/extensions.json",
)
