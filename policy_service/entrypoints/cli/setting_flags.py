"""Every setting as a flag, for the commands that run something for long."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer
from pydantic import SecretStr

from policy_service.entrypoints.cli.given_settings import FILE, flag_of
from policy_service.settings import FROM_FILE, Settings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_NONE = re.compile(r"(?!)")


def setting_flags(*, unused: re.Pattern[str] = _NONE) -> list[inspect.Parameter]:
    """Return a keyword parameter for every setting, so that no flag is ever missing or out of date.

    Those whose names match ``unused`` are taken and not shown: the command has no use for them.
    """
    parameters: list[inspect.Parameter] = []
    for name, field in Settings.model_fields.items():
        hidden = unused.fullmatch(name) is not None
        parameters.append(_setting(name, field, hidden=hidden))
        if name in FROM_FILE:
            told = f"File with the value of --{flag_of(name)}."
            option = typer.Option(f"--{flag_of(name + FILE)}", metavar="PATH", help=told, hidden=hidden)
            parameters.append(_parameter(name + FILE, option))
    return parameters


def _parameter(name: str, option: Any, *, is_flag: bool = False) -> inspect.Parameter:  # noqa: ANN401 - typer's own
    annotation: Any = Annotated[bool | None, option] if is_flag else Annotated[str | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _setting(name: str, field: FieldInfo, *, hidden: bool) -> inspect.Parameter:
    flag = f"--{flag_of(name)}"
    if field.annotation is bool:
        option = typer.Option(f"{flag}/--no-{flag_of(name)}", help=_help(name, field), hidden=hidden)
        return _parameter(name, option, is_flag=True)
    return _parameter(name, typer.Option(flag, metavar=_metavar(field), help=_help(name, field), hidden=hidden))


def _help(name: str, field: FieldInfo) -> str:
    default: object = field.default
    if isinstance(default, bool):
        default = str(default).lower()
    told = str(field.description) + (f" [default: {default}]" if default not in {None, ""} else "")
    if SecretStr in get_args(field.annotation):
        told += f" Visible in the process list: rather give --{flag_of(name + FILE)}."
    return told


def _metavar(field: FieldInfo) -> str:
    kind = field.annotation
    members = getattr(kind, "__members__", None)
    if members is not None:
        return "|".join(str(member.value) for member in members.values())
    if get_origin(kind) is not None and all(isinstance(choice, str) for choice in get_args(kind)):
        return "|".join(get_args(kind))
    names = {int: "NUMBER", float: "DECIMAL", Path: "PATH"}
    return next((shown for type_, shown in names.items() if type_ in (kind, *get_args(kind))), "TEXT")
