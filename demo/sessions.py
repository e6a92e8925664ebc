# ruff: noqa: INP001 - lies beside scripts, not in a package
"""What a CSMS keeps of sessions, and the incidents that somebody has to look into. A denial is none.

A charger that is refused a session which it has already begun ends it with 0 Wh. In a list of sessions that looks like
a failure; it is told from one by what was answered, by the stop reason, or else by asking the service.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

COMPLETED, DENIED, FAILED = "completed", "denied", "failed"
DEAUTHORIZED = "DeAuthorized"
ABNORMAL = frozenset(
    {"EmergencyStop", "GroundFault", "HardReset", "ImmediateReset", "Other", "OvercurrentFault", "PowerLoss"}
    | {"PowerQuality", "Reboot", "SoftReset"}
)
"""Stop reasons behind which something is broken: OCPP 1.6 section 7.36, OCPP 2.0.1 part 2 section 3.73."""
_REGISTER = "Energy.Active.Import.Register"
_LARGEST_MULTIPLIER = 9
_LARGEST_READING = 10**15
_KEPT = 10_000


@dataclass(slots=True)
class Session:
    """A transaction of a charger. Energy is in Wh, and None while the charger has not told any."""

    charger: str
    transaction_id: str
    denied: bool = False
    first_wh: float | None = None
    last_wh: float | None = None
    reason: str | None = None
    result: str | None = None

    def read(self, *readings_wh: float) -> None:
        """Take in readings of the energy register."""
        for reading_wh in readings_wh:
            if self.first_wh is None:
                self.first_wh = reading_wh
            else:
                self.last_wh = reading_wh

    @property
    def energy_wh(self) -> float | None:
        """What flowed into the vehicle; it takes two readings to know."""
        return None if self.first_wh is None or self.last_wh is None else self.last_wh - self.first_wh


class Incident(NamedTuple):
    """Something that a person has to look into."""

    charger: str
    what: str


def _kept() -> deque[Any]:
    return deque(maxlen=_KEPT)


@dataclass(slots=True)
class Sessions:
    """Running and ended sessions, and the incidents. ``was_denied`` asks the service about a charger's transaction."""

    was_denied: Callable[[str, str], Awaitable[bool]]
    running: dict[tuple[str, str], Session] = field(default_factory=dict[tuple[str, str], Session])
    ended: deque[Session] = field(default_factory=_kept)
    incidents: deque[Incident] = field(default_factory=_kept)

    def of(self, charger: str) -> list[str]:
        """Return the transactions of a charger that run."""
        return [transaction_id for each, transaction_id in self.running if each == charger]

    def session(self, charger: str, transaction_id: str) -> Session:
        """Return a running session; one that began before this process did begins now."""
        found = self.running.setdefault((charger, transaction_id), Session(charger, transaction_id))
        if len(self.running) > _KEPT:  # chargers need not end what they begin
            self.running.pop(next(iter(self.running)))
        return found

    async def end(self, charger: str, transaction_id: str, reason: str) -> Session:
        """End a session: completed, denied, or failed, which alone is an incident."""
        session = self.session(charger, transaction_id)
        session.reason = reason
        session.result = await self._result(session)
        self.running.pop((charger, transaction_id), None)
        self.ended.append(session)
        if session.result == FAILED:
            self.incidents.append(Incident(charger, f"session {transaction_id} failed: {reason}"))
        return session

    async def _result(self, session: Session) -> str:
        if session.denied or (session.reason == DEAUTHORIZED and not session.energy_wh):
            return DENIED
        if session.energy_wh != 0 and session.reason not in ABNORMAL:
            return COMPLETED
        return DENIED if await self.was_denied(session.charger, session.transaction_id) else FAILED

    def fault(self, charger: str, what: str) -> None:
        """Take notice of a fault that a charger reports of itself."""
        self.incidents.append(Incident(charger, what))


def at(value: object, *path: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a JSON value has at a path; None where it has nothing there, whatever shape it is of."""
    for step in path:
        value = cast("dict[str, Any]", value).get(step) if isinstance(value, dict) else None
    return value


def readings_wh(meter_values: object) -> list[float]:
    """Return the readings of the energy register in the meter values of a message, in Wh."""
    samples = [sample for each in _listed(meter_values) for sample in _listed(at(each, "sampledValue"))]
    registers = [each for each in samples if at(each, "measurand") in {None, _REGISTER} and at(each, "phase") is None]
    return [reading for sample in registers if (reading := _wh(sample)) is not None]


def _wh(sample: object) -> float | None:
    """Return a sampled value of OCPP 2.x in Wh; None where it is no number of a size that a meter has."""
    value, multiplier = at(sample, "value"), at(sample, "unitOfMeasure", "multiplier") or 0
    if not isinstance(value, int | float) or not isinstance(multiplier, int) or abs(multiplier) > _LARGEST_MULTIPLIER:
        return None
    if not abs(value) <= _LARGEST_READING:  # NaN is not, either
        return None
    return float(value) * 10.0**multiplier * (1_000 if at(sample, "unitOfMeasure", "unit") == "kWh" else 1)


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
