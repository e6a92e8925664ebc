"""Where the third-party recurrence vectors are, which stay out of the repository."""

from __future__ import annotations

import os
from pathlib import Path

VECTORS = Path(os.environ.get("POLICY_SERVICE_VECTORS", Path(__file__).parents[1].parent / "shared" / "vectors"))
VECTORS_PRESENT = (VECTORS / "rrule.json").is_file()
