"""What a user would write with FastAPI and rule-engine: a route, a model, and compiled rules in a loop.

``python -m peers.over_http.fastapi_app PORT FILE``; the file holds the windows, the chargers and the vehicles as JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime  # noqa: TC003 - the model reads it
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from peers.depots import Depot, Window
from peers.in_process.rule_engine_rules import rules


class Question(BaseModel):
    """What is asked: may this vehicle charge here now."""

    charger: str
    identifier: str
    time: datetime


class Answer(BaseModel):
    """It may, or may not."""

    allowed: bool
    vehicle_class: str


def app_of(depots: list[Depot], depot_of: dict[str, str], vehicles: dict[str, str]) -> FastAPI:
    """Return the application over these policies, chargers and vehicles."""
    app = FastAPI(openapi_url=None)
    held = {depot.name: (ZoneInfo(depot.zone), rules(depot.windows)) for depot in depots}

    @app.post("/decide")
    async def decide(question: Question) -> Answer:
        zone, refusals = held[depot_of[question.charger]]
        local = question.time.astimezone(zone)
        vehicle = vehicles.get(question.identifier, "unknown")
        thing = {"weekday": local.weekday(), "minute": local.hour * 60 + local.minute, "vehicle": vehicle}
        return Answer(allowed=not any(rule.matches(thing) for rule in refusals), vehicle_class=vehicle)

    @app.get("/health")
    async def health() -> None:
        return None

    return app


def main(port: str, file: str) -> None:
    """Serve what the file holds."""
    held = json.loads(Path(file).read_text(encoding="utf-8"))
    depots = [Depot(name, zone, tuple(Window(*each) for each in windows)) for name, zone, windows in held["depots"]]
    app = app_of(depots, held["chargers"], held["vehicles"])
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="error")


if __name__ == "__main__":
    main(*sys.argv[1:])
