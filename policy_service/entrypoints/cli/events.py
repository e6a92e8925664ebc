"""``events``: what is kept of persons in access events: forget one, rotate the key of fingerprints."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.service_calls import (
    DEFAULT_URL,
    CaFileOption,
    CertFileOption,
    KeyFileOption,
    ServiceCalls,
    UrlOption,
)

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    epilog="\b\nExamples:\n  policy-service events forget < identifier.txt\n  policy-service events rotate-key",
)

JsonOption = Annotated[bool, typer.Option("--json", help="Write the service's answer as JSON.")]


@app.callback()
def events() -> None:
    """Erase what access events hold of persons."""


@app.command("forget", epilog="\b\nExample:\n  policy-service events forget --dry-run < identifier.txt")
def forget(
    *,
    kind: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="A hint, as in decide: rfid, mac, pin, ….")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase an identifier's traces from all events: masked form, fingerprint, vehicle, evidence.

    The identifier is read from standard input, as arguments are seen by everybody on the machine. The decisions stay,
    and count; the registry's record is another matter.
    """
    body: dict[str, object] = {"identifier": _identifier(), "dry_run": dry_run}
    if kind is not None:
        body["identifier_type"] = kind
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    gone = calls.send("POST", "/v1/events/forget", body)
    if as_json:
        out_json(gone)
        return
    out(f"{gone['events']} events {'would be' if dry_run else 'are'} without traces of it")
    if gone["record_exists"]:
        out("the registry still knows it: DELETE /v1/identifiers/{id} forgets the record")


@app.command("rotate-key", epilog="\b\nExample:\n  policy-service events rotate-key --key-file admin.key")
def rotate_key(
    *,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin a new key of fingerprints: events from now on cannot be linked to those of before by their fingerprints."""
    begun = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file).send("POST", "/v1/fingerprint-keys")
    if as_json:
        out_json(begun)
    else:
        out(f"fingerprints are made with key {begun['generation']} from now on")


def _identifier() -> str:
    if sys.stdin.isatty():
        told: str = typer.prompt("identifier (not shown)", hide_input=True, err=True)
        return told
    read = sys.stdin.readline().strip()
    if not read:
        message = "no identifier came on standard input"
        raise CommandError(message)
    return read
