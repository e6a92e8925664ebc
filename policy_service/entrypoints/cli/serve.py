"""``serve``: the service, every setting of which is a flag."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer
from pydantic import SecretStr, ValidationError

from policy_service.entrypoints.cli.failure import CommandError
from policy_service.settings import FROM_FILE, PREFIX, Settings, SettingsError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_FILE = "_file"


def serve(**flags: str | bool | None) -> None:
    """Run the service. Every flag is also an environment variable, POLICY_SERVICE_ and its name; the flag wins.

    It stops on Ctrl-C or SIGTERM. A policy tree that cannot be put in force is told with all its mistakes.
    """
    settings = _settings({name: value for name, value in flags.items() if value is not None})
    from policy_service.entrypoints.http.server import run_server  # noqa: PLC0415 - --help needs no web framework

    raise typer.Exit(run_server(settings))


def _settings(given: dict[str, str | bool]) -> Settings:
    for name in FROM_FILE:
        path = given.pop(name + _FILE, None)
        if path is not None:
            given[name] = _content(str(path), name)
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic reads the texts
    except SettingsError as error:
        raise CommandError(str(error)) from None
    except ValidationError as error:
        told = "; ".join(
            f"--{_flag(str(fault['loc'][0]))}: {fault['msg']}" for fault in error.errors(include_input=False)
        )
        hint = f"see `policy-service serve --help`; a variable is named {PREFIX} and the flag's name"
        message = f"settings that do not hold: {told}"
        raise CommandError(message, hint) from None


def _content(path: str, name: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        message = f"--{_flag(name + _FILE)} names a file that cannot be read"
        raise CommandError(message, "check path and rights") from None


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _parameters() -> list[inspect.Parameter]:
    """Return a keyword parameter for every setting, so that no flag is ever missing or out of date."""
    parameters: list[inspect.Parameter] = []
    for name, field in Settings.model_fields.items():
        parameters.append(_setting(name, field))
        if name in FROM_FILE:
            option = typer.Option(
                f"--{_flag(name + _FILE)}", metavar="PATH", help=f"File with the value of --{_flag(name)}."
            )
            parameters.append(_parameter(name + _FILE, option))
    return parameters


def _parameter(name: str, option: Any, *, is_flag: bool = False) -> inspect.Parameter:  # noqa: ANN401 - typer's own
    annotation: Any = Annotated[bool | None, option] if is_flag else Annotated[str | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _setting(name: str, field: FieldInfo) -> inspect.Parameter:
    flag = f"--{_flag(name)}"
    if field.annotation is bool:
        option = typer.Option(f"{flag}/--no-{_flag(name)}", help=_help(name, field))
        return _parameter(name, option, is_flag=True)
    return _parameter(name, typer.Option(flag, metavar=_metavar(field), help=_help(name, field)))


def _help(name: str, field: FieldInfo) -> str:
    default: object = field.default
    if isinstance(default, bool):
        default = str(default).lower()
    told = str(field.description) + (f" [default: {default}]" if default not in {None, ""} else "")
    if SecretStr in get_args(field.annotation):
        told += f" Visible in the process list: rather give --{_flag(name + _FILE)}."
    return told


def _metavar(field: FieldInfo) -> str:
    kind = field.annotation
    members = getattr(kind, "__members__", None)
    if members is not None:
        return "|".join(str(member.value) for member in members.values())
    if get_origin(kind) is not None and all(isinstance(choice, str) for choice in get_args(kind)):
        return "|".join(get_args(kind))
    names = {int: "NUMBER", float: "SECONDS", Path: "PATH"}
    return next((shown for type_, shown in names.items() if kind is type_), "TEXT")


serve.__signature__ = inspect.Signature(_parameters())  # type: ignore[attr-defined]  # what typer reads flags from
app.command(epilog="\b\nExample:\n  policy-service serve --policies policies --port 8080")(serve)
