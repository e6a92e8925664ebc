"""The commands that the HTTP guide shows are those that the service answers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from fakes.served import ROOT

if TYPE_CHECKING:
    from fakes.served import Served


def test_the_guide_shows_what_is_answered(served: Served) -> None:
    guide = (ROOT / "docs" / "http-guide.md").read_text(encoding="utf-8")
    section = guide.partition("## Switching chargers")[2]
    path = re.search(r"'http://127\.0\.0\.1:8080(/v1/chargers/[^']+)'", section)
    shown = re.search(r"^```json\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert path is not None
    assert shown is not None
    assert served.client.get(path[1]).json() == json.loads(shown[1])
