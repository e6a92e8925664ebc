"""Makes the reference CSMS with its simulated chargers, and the oracle of the policy format, importable."""

from __future__ import annotations

import sys

from fakes.served import ROOT

sys.path += [str(ROOT / "demo"), str(ROOT / "tests" / "engine")]
