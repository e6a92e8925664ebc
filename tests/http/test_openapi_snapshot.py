"""The committed description of the API is the one that is served. Set UPDATE_SNAPSHOTS=1 to renew it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from fakes.served import ROOT

if TYPE_CHECKING:
    from fakes.served import Served

SNAPSHOT = ROOT / "schemas" / "openapi.v1.json"


def test_the_committed_description_is_the_one_that_is_served(served: Served) -> None:
    text = json.dumps(served.client.get("/openapi.json").json(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert SNAPSHOT.read_text(encoding="utf-8") == text
