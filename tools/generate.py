# ruff: noqa: INP001, T201 - a script, not a package; it prints
"""Write what is generated into schemas/, docs/ and the engine, or say with ``--check`` what is out of date there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from charger_support import FILE as SUPPORT_FILE
from charger_support import charger_support
from rule_tables import FILE as TABLES_FILE
from rule_tables import rule_tables

import policy_service
from policy_service.entrypoints.http.app import create_app
from policy_service.entrypoints.http.event_schema import (
    FILE,
    MODE_FILE,
    async_api,
    envelope_schema,
    mode_envelope_schema,
)
from policy_service.entrypoints.http.wire_bundle import FILE as BUNDLE_FILE
from policy_service.entrypoints.http.wire_bundle import bundle_schema
from policy_service.language.schema import schemas

if TYPE_CHECKING:
    from fastapi import FastAPI

    from policy_service.application.service import Service

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "schemas"
SUPPORT = ROOT / "docs" / SUPPORT_FILE
TABLES = ROOT / TABLES_FILE


def generated() -> dict[Path, str]:
    """Return the text of every generated file."""
    idle = cast("Service", SimpleNamespace(metrics=None))  # describing routes asks nothing of the service
    api = cast("FastAPI", create_app(idle, max_body_bytes=1).app)
    events = {
        FILE: envelope_schema(),
        MODE_FILE: mode_envelope_schema(),
        "asyncapi.v1.json": async_api(policy_service.__version__),
    }
    bundle = {BUNDLE_FILE: bundle_schema()}
    documents = {**schemas(), **events, **bundle, "openapi.v1.json": api.openapi()}
    texts = {name: json.dumps(found, ensure_ascii=False, indent=2) + "\n" for name, found in documents.items()}
    written = {SUPPORT: charger_support(), TABLES: rule_tables()}
    return {**{SCHEMAS / name: text for name, text in texts.items()}, **written}


def out_of_date() -> list[str]:
    """Return the files that differ from what the code would write, missing and left-over ones among them."""
    wanted = generated()
    places = (*SCHEMAS.rglob("*.json"), SUPPORT, TABLES)
    present = {path: path.read_text(encoding="utf-8") for path in places if path.exists()}
    differing = {path for path in wanted.keys() | present.keys() if wanted.get(path) != present.get(path)}
    return sorted(str(path.relative_to(ROOT)) for path in differing)


def main(arguments: list[str]) -> int:
    """Write, or check; return the exit code."""
    stale = out_of_date()
    if arguments == ["--check"]:
        print(
            "\n".join(f"{name} is out of date, run: make generate" for name in stale)
            or "what is generated is up to date"
        )
        return 1 if stale else 0
    wanted = generated()
    for name in stale:
        path = ROOT / name
        if path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
