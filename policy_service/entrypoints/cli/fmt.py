"""``fmt``: the uniform layout of policy files."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from policy_service.entrypoints.cli.console import note, out, out_raw
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.findings import plural
from policy_service.entrypoints.cli.policy_tree import default_directory, read_files
from policy_service.language.format import formatted, readable

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog="\b\nExamples:\n  policy-service fmt policies\n  policy-service fmt policies --check")
def fmt(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DIR|FILE", help="Left out: POLICY_SERVICE_POLICIES, else `policies`."),
    ] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 where a file would change.")] = False,
    show: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what would change, and exit 1 where a file would.")
    ] = False,
) -> None:
    """Lay policy files out uniformly: indentation by two, no stray blanks. Comments, words and their order stay.

    What a file says does not change: each is read again before it is written. JSON is left as it is.
    """
    files = read_files(paths or [default_directory()])
    changed = {name: new for name, old in files.items() if (new := formatted(name, old)) != old}
    for name, new in changed.items():
        if show:
            out_raw(_difference(name, files[name], new))
        else:
            out(name)
            if not check:
                _write(Path(name), new)
    broken = [name for name, old in files.items() if name not in changed and not readable(name, old)]
    for name in broken:
        note(f"note: {name} has mistakes and is left as it is; see `policy-service check {name}`")
    if not show:
        done = "to lay out" if check else "laid out"
        left = f", {len(broken)} left alone for mistakes" if broken else ""
        out(f"{plural(len(changed), 'file')} {done}, {len(files) - len(changed) - len(broken)} unchanged{left}")
    if changed and (check or show):
        raise typer.Exit(ExitCode.FINDINGS)


def _difference(name: str, old: bytes, new: bytes) -> str:
    before, after = (text.decode("utf-8", "replace").splitlines(keepends=True) for text in (old, new))
    return "".join(unified_diff(before, after, f"a/{name}", f"b/{name}"))


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)  # in place: links and rights stay
    except OSError as error:
        message = f"`{path}` cannot be written: {error.strerror or type(error).__name__}"
        raise CommandError(message, "check path and rights") from error
