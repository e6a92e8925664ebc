"""policy-service.toml: levels of rules, what is ignored in which files, and what the rules should know."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from policy_service.domain.codes import CODES
from policy_service.domain.diagnostic import Severity
from policy_service.domain.place import Place
from policy_service.language.lines import place_of, text_of
from policy_service.language.wording import finding, listed, quoted, suggestion
from policy_service.lint.table import BY_NAME, LEVELLED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policy_service.domain.diagnostic import Diagnostic

OFF = "off"
LEVELS = (*(str(level) for level in Severity), OFF)
_KEYS = ("rules", "ignore", "agreements", "agreements-file", "schemas")
_IGNORE_KEYS = ("rules", "files", "because")
_AT = re.compile(r"\(at line (\d+), column (\d+)\)")


@dataclass(frozen=True, slots=True)
class FileIgnore:
    """Rules that are ignored in files whose path ends as one of the globs says."""

    codes: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """What policy-service.toml says; without one, nothing."""

    levels: Mapping[str, Severity | None] = field(default_factory=dict[str, "Severity | None"])
    """By code; None switches a rule off."""
    ignored: tuple[FileIgnore, ...] = ()
    agreements: tuple[str, ...] = ()
    agreements_file: str | None = None
    schemas: str | None = None

    def level(self, code: str, otherwise: Severity) -> Severity | None:
        """Return the level of a code; None where it is off."""
        return self.levels.get(code, otherwise)


def read_configuration(file: str, data: bytes) -> Configuration | tuple[Diagnostic, ...]:
    """Read the file, or return every mistake in it (PS008) with its place."""
    text = text_of(data)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT.search(str(error))
        place = Place(file, int(at[1]), int(at[2])) if at else place_of(file, text, max(0, len(text.rstrip()) - 1))
        message = f"not well-formed TOML: {_AT.sub('', str(error)).strip().lower()}"
        return (finding("PS008", place, message, "see the guide on linting for an example"),)
    except (RecursionError, ValueError):  # lists within lists, and numbers of thousands of digits
        message = "values nested too deeply, or a number that is too long"
        return (finding("PS008", Place(file, 1, 1), message, "see the guide on linting for an example"),)
    reader = _Reader(file, text)
    configuration = reader.whole(table)
    return tuple(reader.findings) or configuration


class _Reader:
    """Reads tables and collects what is wrong with them."""

    def __init__(self, file: str, text: str) -> None:
        self.findings: list[Diagnostic] = []
        self._file = file
        self._text = text

    def whole(self, table: dict[str, object]) -> Configuration:
        self._known(table, ("lint",))
        lint = self._table(table.get("lint", {}), "lint")
        self._known(lint, _KEYS)
        ignored = lint.get("ignore", [])
        if not isinstance(ignored, list):
            self._refuse("ignore", "`ignore` must be tables", "write `[[lint.ignore]]`")
            ignored = []
        return Configuration(
            levels=dict(
                self._level(name, level) for name, level in self._table(lint.get("rules", {}), "rules").items()
            ),
            ignored=tuple(self._ignored(self._table(each, "ignore")) for each in cast("list[object]", ignored)),
            agreements=self._texts(lint, "agreements"),
            agreements_file=self._text_of(lint, "agreements-file"),
            schemas=self._text_of(lint, "schemas"),
        )

    def _ignored(self, table: dict[str, object]) -> FileIgnore:
        self._known(table, _IGNORE_KEYS)
        if not str(table.get("because", "")).strip():
            self._refuse("[[lint.ignore]]", "an ignore must say why", 'write `because = "…"`')
        codes, files = self._texts(table, "rules"), self._texts(table, "files")
        if not codes or not files:
            self._refuse("[[lint.ignore]]", "an ignore needs `rules` and `files`", "list both")
        return FileIgnore(tuple(self._code(name) for name in codes), files)

    def _level(self, name: str, level: object) -> tuple[str, Severity | None]:
        code = self._code(name)
        if level not in LEVELS:
            self._refuse(name, f"{quoted(str(level))} is no level", f"write {listed(LEVELS)}")
            return code, None
        return code, None if level == OFF else Severity(str(level))

    def _code(self, name: str) -> str:
        code = BY_NAME[name].code if name in BY_NAME else name
        if code in LEVELLED:
            return code
        if code in CODES:
            help_text = "such a finding keeps a tree from being served: mend what it tells"
            self._refuse(name, f"`{code}` is an error and has no other level", help_text)
        else:
            known = [*LEVELLED, *BY_NAME]
            help_text = suggestion(name, known, "see `policy-service rule` for all rules") or ""
            self._refuse(name, f"there is no rule {quoted(name)}", help_text)
        return code

    def _known(self, table: dict[str, object], keys: tuple[str, ...]) -> None:
        for key in table:
            if key not in keys:
                help_text = suggestion(key, keys, f"known keys: {listed(keys, 'and')}") or ""
                self._refuse(key, f"unknown key {quoted(key)}", help_text)

    def _table(self, value: object, key: str) -> dict[str, object]:
        if isinstance(value, dict):
            return cast("dict[str, object]", value)
        self._refuse(key, f"`{key}` must be a table", "see the guide on linting for an example")
        return {}

    def _texts(self, table: dict[str, object], key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        items = cast("list[object]", value) if isinstance(value, list) else [None]
        if not all(isinstance(item, str) for item in items):
            self._refuse(key, f"`{key}` must be a list of texts", f'write `{key} = ["…"]`')
            return ()
        return tuple(str(item) for item in items)

    def _text_of(self, table: dict[str, object], key: str) -> str | None:
        value = table.get(key)
        if value is None or isinstance(value, str):
            return value
        self._refuse(key, f"`{key}` must be a text", f'write `{key} = "…"`')
        return None

    def _refuse(self, written: str, message: str, help_text: str) -> None:
        """Add a finding at the first place where the key, or the text, is written as a word of its own."""
        match = re.search(rf"(?<![\w-]){re.escape(written)}(?![\w-])", self._text)
        place = place_of(self._file, self._text, match.start() if match else 0)
        self.findings.append(finding("PS008", place, message, help_text, len(written)))
