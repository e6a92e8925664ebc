"""``keys``: API keys, made on the database itself, since the first is needed before the service may listen."""

from __future__ import annotations

import asyncio
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from policy_service.domain.caller import Scope
from policy_service.entrypoints.cli.console import note, out, out_json
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.given_settings import settings_of
from policy_service.entrypoints.cli.key_output import new_key_file, tell_made
from policy_service.entrypoints.cli.labels import read_labels
from policy_service.entrypoints.cli.lengths import read_length

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

    from policy_service.bootstrap.key_commands import KeyCommands

T = TypeVar("T")

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Make, list, rotate and revoke API keys. A running service takes them up within a second.",
    epilog="\b\nExample:\n  policy-service keys create --name csms --scope decide --output csms.key",
)

_HELP = "see `policy-service keys create --help`"
_UrlFile = Annotated[
    str | None, typer.Option("--database-url-file", metavar="PATH", help="File with the URL of the database.")
]
_StateDir = Annotated[
    str | None,
    typer.Option(
        "--state-dir",
        metavar="PATH",
        help="Directory of the service's SQLite file, where no URL is set; left out: POLICY_SERVICE_STATE_DIR, else "
        "`.state` in the current directory.",
    ),
]
_Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write the key into this new file, which only its owner may read."
    ),
]
_Json = Annotated[
    bool, typer.Option("--json", help="Write what the key is as JSON; --output keeps the key itself out of it.")
]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the key.")]


@app.command(
    epilog="\b\nExamples:\n  policy-service keys create --name csms --scope decide --output csms.key"
    "\n  policy-service keys create --name north --scope decide --scope read --label depot:north --expires 90d"
)
def create(  # noqa: PLR0913 - a parameter a flag
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="Whose key it is, as events and the audit will tell.")],
    scope: Annotated[
        list[Scope],
        typer.Option(metavar="|".join(Scope), help="What it may do; repeat it for more. admin may do everything."),
    ],
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="K:V", help="Bind it to chargers with this label; repeat it for more values or labels."),
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="Bind it to imports of this source; with scope import only.")
    ] = None,
    fleet: Annotated[
        str | None, typer.Option(metavar="FLEET", help="Bind it to reports about this fleet; with scope report only.")
    ] = None,
    expires: Annotated[str | None, typer.Option(metavar="90d", help="End it after so long; left out: never.")] = None,
    output: _Output = None,
    as_json: _Json = False,
    database_url_file: _UrlFile = None,
    state_dir: _StateDir = None,
) -> None:
    """Make a key and print it: once, alone, on standard output. Only its hash is kept.

    A database that is not there yet is made, so that the first key is there before the service is; a note tells where.
    """
    from policy_service.application.commands.manage_keys import WantedKey  # noqa: PLC0415 - help needs none of it

    lifetime = None if expires is None else read_length(expires)
    wanted = WantedKey(name, frozenset(scope), read_labels(label or ()), source, lifetime, fleet)
    try:
        wanted.check()  # before a database is made for it
    except ValueError as error:
        raise CommandError(str(error), _HELP) from None
    with new_key_file(output) as file:
        made = _on_store(lambda store: store.manage.create(wanted, by=_me()), database_url_file, state_dir, make=True)
        tell_made(made, file, as_json=as_json)


@app.command("list", epilog="\b\nExample:\n  policy-service keys list --state-dir /var/lib/policy-service")
def list_(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write the keys as JSON.")] = False,
    database_url_file: _UrlFile = None,
    state_dir: _StateDir = None,
) -> None:
    """List every key that was made, with its last use, to the minute or so."""
    found = _on_store(lambda store: store.queries.all(), database_url_file, state_dir)
    if as_json:
        out_json({"keys": list(found)})
    elif found:
        for line in _lines(found):
            out(line)
    else:
        out("no key was ever made")


@app.command(epilog="\b\nExample:\n  policy-service keys rotate csms --overlap 24h --output csms-2.key")
def rotate(
    name: _Name,
    *,
    overlap: Annotated[str, typer.Option(metavar="24h", help="For so long the older keys stay good.")] = "24h",
    output: _Output = None,
    as_json: _Json = False,
    database_url_file: _UrlFile = None,
    state_dir: _StateDir = None,
) -> None:
    """Make a key like the latest of that name and print it; the older ones end after the overlap."""
    seconds = read_length(overlap, least=0)
    with new_key_file(output) as file:
        made = _on_store(
            lambda store: store.manage.rotate(name, overlap=seconds, by=_me()), database_url_file, state_dir, name=name
        )
        tell_made(made, file, as_json=as_json)
    note(f"the older keys of that name end in {overlap}")


@app.command(epilog="\b\nExample:\n  policy-service keys revoke csms")
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME|ID", help="Name, or id of one of several of that name.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write the keys that ended as JSON.")] = False,
    database_url_file: _UrlFile = None,
    state_dir: _StateDir = None,
) -> None:
    """End a key at once, or all keys of a name."""
    ended = _on_store(lambda store: store.manage.revoke(name, by=_me()), database_url_file, state_dir, name=name)
    if as_json:
        out_json({"revoked": [{"id": key.id, "name": key.name} for key in ended]})
    note(f"revoked: {', '.join(key.id for key in ended)}")


def _on_store(
    work: Callable[[KeyCommands], Awaitable[T]],
    database_url_file: str | None,
    state_dir: str | None,
    *,
    name: str = "",
    make: bool = False,
) -> T:
    """Do the work on the store of these settings. Raises CommandError."""
    from policy_service.application.commands.manage_keys import NoSuchKeyError  # noqa: PLC0415 - help needs none of it
    from policy_service.application.ports import ConflictError, LaterSchemaError, StoreUnavailableError  # noqa: PLC0415
    from policy_service.bootstrap.key_commands import key_commands  # noqa: PLC0415

    given = {"database_url_file": database_url_file, "state_dir": state_dir}
    settings = settings_of({flag: value for flag, value in given.items() if value is not None}, "keys")

    async def done() -> T:
        async with key_commands(settings, make=make) as store:
            if store.made is not None:
                note(f"note: made a new database at {store.made}; a service elsewhere does not know this key")
            return await work(store)

    try:
        return asyncio.run(done())
    except NoSuchKeyError:
        message = f"no active key is called `{name}`"
        raise CommandError(message, "see `policy-service keys list`") from None
    except ConflictError as error:
        raise CommandError(str(error), "rotate it, revoke it, or choose another name") from None
    except (StoreUnavailableError, OSError) as error:
        told = str(error) if isinstance(error, StoreUnavailableError) else f"{settings.state_dir}: {error.strerror}"
        hint = "--database-url-file, POLICY_SERVICE_DATABASE_URL or --state-dir names the service's database"
        message = f"the keys cannot be reached: {told}"
        raise CommandError(message, hint, ExitCode.UNREACHABLE) from None
    except LaterSchemaError as error:
        raise CommandError(str(error), "`policy-service --version` tells this one's") from None
    except ValueError as error:
        raise CommandError(str(error), _HELP) from None


def _me() -> str:
    """Return who runs the command, as the system knows them; no key can have such a name."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):
        return "cli:"


def _lines(keys: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each key under a head, in columns that no terminal folds."""
    rows = [("NAME", "ID", "STATE", "SCOPES", "BOUND TO", "EXPIRES", "LAST USED")]
    for key in keys:
        scopes = ",".join(key["scopes"])
        shown = (key["name"], key["id"], key["state"], scopes, _bound(key), key["expires_at"], key["last_used_at"])
        rows.append(tuple(cell or "-" for cell in shown))  # type: ignore[arg-type]  # it has as many cells
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _bound(key: Mapping[str, Any]) -> str:
    labels = [f"{name}:{value}" for name, values in key["labels"].items() for value in values]
    others = [f"{what} {key[what]}" for what in ("source", "fleet") if key[what]]
    return " ".join([*labels, *others])
