"""Settings from flags, variables and files, and how mistakes in them are told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from policy_service.entrypoints.cli.failure import CommandError
from policy_service.secret_files import SecretFileError, read_secret
from policy_service.settings import FROM_FILE, PREFIX, Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

_ALIKE = 0.93
"""Of a misspelt name to the one that is meant; all begin alike."""
FILE = "_file"
"""Ends the name of a flag that gives a setting by a file."""


def settings_of(given: dict[str, str | bool], command: str) -> Settings:
    """Return the settings under these flags. Raises CommandError."""
    _note_misspelt()
    for name in FROM_FILE:
        path = given.pop(name + FILE, None)
        if path is not None:
            given[name] = _content(str(path), name)
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic reads the texts
    except SettingsError as error:
        raise CommandError(str(error)) from None
    except ValidationError as error:
        faults = error.errors(include_input=False)
        told = "; ".join(_told(fault, given) for fault in faults)
        # a variable holds for every command, and `serve` alone has all flags
        asked = command if all(_is_given(fault, given) for fault in faults) else "serve"
        hint = f"see `policy-service {asked} --help`; a variable is named {PREFIX} and the flag's name"
        message = f"settings that do not hold: {told}"
        raise CommandError(message, hint) from None


def _note_misspelt() -> None:
    """Tell of variables that are nearly those of a setting, and so do nothing."""
    known = [f"{PREFIX}{name}".upper() for name in (*Settings.model_fields, *(name + FILE for name in FROM_FILE))]
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if not unknown:
        return
    from difflib import get_close_matches  # noqa: PLC0415 - a start on what is spelt right does not wait for it

    from policy_service.entrypoints.cli.console import note  # noqa: PLC0415 - as above

    for name in unknown:
        for meant in get_close_matches(name, known, 1, _ALIKE):
            note(f"note: the variable {name} is no setting; did you mean {meant}?")


def flag_of(name: str) -> str:
    """Return the name of a setting's flag, without its dashes."""
    return name.replace("_", "-")


def _told(fault: ErrorDetails, given: Mapping[str, str | bool]) -> str:
    from policy_service.entrypoints.plain_words import plain  # noqa: PLC0415 - see above

    text = plain(fault["msg"])
    if not fault["loc"]:
        return text
    name = str(fault["loc"][0])
    return f"{f'--{flag_of(name)}' if _is_given(fault, given) else _variable_of(name)}: {text}"


def _is_given(fault: ErrorDetails, given: Mapping[str, str | bool]) -> bool:
    """Tell whether a flag is at fault; else it is a variable, as nothing is wrong with a default."""
    return bool(fault["loc"]) and fault["loc"][0] in given


def _variable_of(name: str) -> str:
    """Return the variable that gives a setting."""
    variable = f"{PREFIX}{name}".upper()
    by_file = name in FROM_FILE and not os.environ.get(variable)
    return f"{variable}{FILE.upper()}" if by_file else variable


def _content(path: str, name: str) -> str:
    try:
        return read_secret(Path(path))
    except SecretFileError as error:
        message = f"--{flag_of(name + FILE)} names a file that {error}"
        raise CommandError(message, "check path and rights") from None
