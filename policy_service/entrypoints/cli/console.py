"""Where commands write: answers to standard output, all else to standard error; colour only where it is wanted.

rich decides about colour: none when the stream is no terminal or NO_COLOR is set, always under FORCE_COLOR.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import orjson
from rich.console import Console
from rich.text import Text

from policy_service.entrypoints.cli.failure import ClosedPipeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

    from rich.console import RenderableType

    from policy_service.entrypoints.cli.failure import CommandError


_USUAL_WIDTH = 80


class _Console(Console):
    """Leaves it to the command line how to end where nobody reads any more."""

    def __init__(self, file: TextIO) -> None:
        """Write to the stream; a terminal without a width, as pipelines have, would be shown nothing."""
        super().__init__(file=file, highlight=False, markup=False, emoji=False)
        if not self.width:
            self.width = _USUAL_WIDTH

    def on_broken_pipe(self) -> None:
        raise ClosedPipeError


def stdout() -> Console:
    """Return the console of standard output as it is now: tests and pipes replace the stream."""
    return _Console(sys.stdout)


def stderr() -> Console:
    """Return the console of standard error."""
    return _Console(sys.stderr)


def out(line: RenderableType = "") -> None:
    """Write a line of the answer; long lines are left to the reader's terminal to wrap."""
    stdout().print(line, soft_wrap=True)


def note(line: RenderableType) -> None:
    """Write a line beside the answer."""
    stderr().print(line, soft_wrap=True)


def out_json(value: Mapping[str, object] | Sequence[object]) -> None:
    """Write the answer as JSON, indented for a terminal and dense for a pipe."""
    indent = 2 if sys.stdout.isatty() else None
    out_raw(json.dumps(value, ensure_ascii=False, indent=indent) + "\n")


def out_json_items(noun: str, items: Iterable[object]) -> None:
    """Write a list of any length as JSON, an item a line, as the items come."""
    before = f"{{{json.dumps(noun)}: [\n"
    for item in items:
        out_raw(before + orjson.dumps(item).decode())
        before = ",\n"
    out_raw("\n]}\n" if before == ",\n" else f"{before}]}}\n")


def out_json_line(item: Mapping[str, object]) -> None:
    """Write one item as a line of JSON, at once."""
    out_raw(json.dumps(item, ensure_ascii=False) + "\n", flush=True)


def out_raw(text: str, *, flush: bool = False) -> None:
    """Write what is no line for people."""
    try:
        sys.stdout.write(text)
        if flush:
            sys.stdout.flush()
    except BrokenPipeError:
        raise ClosedPipeError from None


def fail(error: CommandError) -> None:
    """Write why a command ended, and what to do."""
    note(Text.assemble(("error", "bold red"), f": {error.message}"))
    if error.hint:
        note(Text.assemble(("  help", "bold cyan"), f": {error.hint}"))


def can_draw(stream_encoding: str | None) -> bool:
    """Tell whether the stream can carry more than ASCII."""
    return (stream_encoding or "").lower().replace("-", "").startswith("utf")
