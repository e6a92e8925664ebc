"""``enrol``: the unknown vehicle of a denial becomes a known one, at the desk, while its driver waits."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import quote

import typer

from policy_service.entrypoints.cli.console import out, out_json
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.record_ids import DECISION, leading_to
from policy_service.entrypoints.cli.service_calls import (
    DEFAULT_URL,
    CaFileOption,
    CertFileOption,
    KeyFileOption,
    ServiceCalls,
    UrlOption,
)

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(
    epilog="\b\nExample:\n  policy-service why NTH-07\n"
    "  policy-service enrol 019b2c1e-7a00-7000-8000-3f9d2c41aa07 --vehicle bus-17 --fleet north --attribute kind=bus"
)
def enrol(  # noqa: PLR0913 - one argument a flag
    decision_id: Annotated[str, typer.Argument(metavar="DECISION", help="Id of the denial, as `why` tells it.")],
    *,
    vehicle: Annotated[str, typer.Option(metavar="VEHICLE", help="Which vehicle it is.")],
    fleet: Annotated[str, typer.Option(metavar="FLEET", help="Whose vehicle it is.")],
    vehicle_class: Annotated[
        str, typer.Option("--class", metavar="own|agreement", help="Seen from the depot.")
    ] = "own",
    kind: Annotated[str, typer.Option("--type", metavar="TYPE", help="rfid, mac, emaid, vin or other.")] = "rfid",
    agreement: Annotated[str | None, typer.Option(metavar="AGREEMENT", help="With class agreement: which.")] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help='What grants may ask for: kind=bus, height_m=3.9, electric=true, line="12" (a text); may be repeated.',
        ),
    ] = None,
    valid_to: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="Until when, such as 2027-01-01T00:00Z.")
    ] = None,
    url: UrlOption = DEFAULT_URL,
    key_file: KeyFileOption = None,
    ca_file: CaFileOption = None,
    cert_file: CertFileOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the record as JSON.")] = False,
) -> None:
    """Make the vehicle known whose unknown identifier was refused; nobody gets to see the identifier."""
    given = {
        "type": kind,
        "class": vehicle_class,
        "vehicle": vehicle,
        "fleet": fleet,
        "agreement": agreement,
        "attributes": dict(_attribute(text) for text in attribute or ()) or None,
        "valid_to": valid_to,
    }
    body = {name: value for name, value in given.items() if value is not None}
    calls = ServiceCalls(url, key_file, ca_file=ca_file, cert_file=cert_file)
    with leading_to(DECISION):
        record = calls.send("POST", f"/v1/events/{quote(decision_id, safe='')}/enrol", body)
    if as_json:
        out_json(record)
    else:
        out(f"{record['vehicle']} of {record['fleet']} is known now (record {record['id']})")


def _attribute(text: str) -> tuple[str, object]:
    """Return name and value, which is a number, a truth value or a text. Raises CommandError."""
    name, given, value = text.partition("=")
    if not name or not given:
        message = "an attribute is NAME=VALUE"
        raise CommandError(message, "write it like --attribute kind=bus")
    try:
        meant = json.loads(value)
    except ValueError:
        return name, value
    return name, meant if isinstance(meant, (str, int, float)) else value
