"""policy-service.toml as `check` finds it: in the tree, beside it, or where the command runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.file_registry import agreement_ids
from policy_service.lint.configuration import Configuration, read_configuration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policy_service.domain.diagnostic import Diagnostic

NAME = "policy-service.toml"


@dataclass(frozen=True, slots=True)
class LintConfiguration:
    """What the file says, with its paths resolved; or what is wrong with it."""

    configuration: Configuration
    agreements: tuple[str, ...] = ()
    schemas: str | None = None
    findings: tuple[Diagnostic, ...] = ()
    source: tuple[str, bytes] | None = None


def find_configuration(paths: Sequence[Path]) -> Path | None:
    """Return the file in the first directory, beside it, or in the working directory; None without any."""
    first = paths[0] if paths[0].is_dir() else paths[0].parent
    beside = () if first == Path() else (first.parent,)
    return next((place / NAME for place in (first, *beside, Path()) if (place / NAME).is_file()), None)


def read_lint_configuration(path: Path | None, files: Iterable[str]) -> LintConfiguration:
    """Read the file, and the agreements that it names. Raises CommandError where one cannot be read."""
    if path is None:
        return LintConfiguration(Configuration())
    if not path.resolve().is_relative_to(path.parent.resolve()):  # findings quote it, and others commit it
        message = f"`{path}` is a link that leads out of its directory"
        raise CommandError(message, "put a copy there")
    try:
        source = (path.as_posix(), path.read_bytes())
    except OSError as error:
        message = f"`{path}` cannot be read: {error.strerror or type(error).__name__}"
        raise CommandError(message, "check path and rights") from error
    read = read_configuration(*source)
    if not isinstance(read, Configuration):
        return LintConfiguration(Configuration(), findings=read, source=source)
    listed = () if read.agreements_file is None else agreement_ids(path.parent / read.agreements_file)
    return LintConfiguration(read, (*read.agreements, *listed), _schemas(path, read, files), source=source)


def _schemas(path: Path, configuration: Configuration, files: Iterable[str]) -> str | None:
    """Return where schemas are, written as the files' paths are, so that one can be told from the other."""
    base = configuration.schemas
    if base is None or "://" in base:
        return base
    there = os.path.normpath(path.parent / base)
    absolute = any(Path(file).is_absolute() for file in files)
    return (Path(there).absolute() if absolute else Path(there)).as_posix()
