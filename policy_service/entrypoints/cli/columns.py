"""Lines in columns, for lists that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Cell = str | tuple[str, str]
    """A text, or a text and its style."""

_BETWEEN = "  "


class Columns:
    """Columns as wide as what they have held so far: a list that comes in pieces stays in line."""

    def __init__(self, *names: str, least: Sequence[int] = (), right: Sequence[int] = ()) -> None:
        """Begin with columns of these names, each so wide at least; those numbered ``right`` hold numbers."""
        self._names = names
        self._widths = [max(len(name), wide) for name, wide in zip(names, least or (0,) * len(names), strict=True)]
        self._right = frozenset(right)

    def lines(self, rows: Sequence[Sequence[Cell]], *, heading: bool = True) -> Iterator[Text]:
        """Yield the heading, where wanted, and a line for each row."""
        for row in rows:
            self._widths = [max(wide, len(_text(cell))) for wide, cell in zip(self._widths, row, strict=True)]
        if heading:
            yield self._line([(name, "dim") for name in self._names])
        for row in rows:
            yield self._line(row)

    def _line(self, row: Sequence[Cell]) -> Text:
        line = Text()
        for number, (cell, wide) in enumerate(zip(row, self._widths, strict=True)):
            text = _text(cell)
            padded = text.rjust(wide) if number in self._right else text.ljust(wide)
            line.append(padded, None if isinstance(cell, str) else cell[1])
            line.append(_BETWEEN)
        line.rstrip()
        return line


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]
