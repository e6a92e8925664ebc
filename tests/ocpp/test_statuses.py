"""The table from reasons to what OCPP calls them: one case a row and version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_service.domain.access import AccessMode, Outcome, Reason
from policy_service.domain.charger_profile import ChargerProfile
from policy_service.domain.decision import Answer, Decision
from policy_service.domain.moment import REPLAYED_S, TOLERANCE_S, moment
from policy_service.domain.ocpp_statuses import (
    DENIALS,
    STATUSES_1_6,
    STATUSES_2,
    status_1_6,
    status_2,
    status_ocpi,
)

NOW = 1_800_000_000
# reason, a later chance, type of token, OCPP 1.6, OCPP 2.x, OCPI and CitrineOS
ROWS = [
    ("unknown_identifier", None, "ISO14443", "Invalid", "Unknown", "NOT_ALLOWED"),
    ("unknown_identifier", None, "KeyCode", "Invalid", "Invalid", "NOT_ALLOWED"),
    ("unknown_identifier", None, "keycode", "Invalid", "Invalid", "NOT_ALLOWED"),
    ("not_granted", NOW + 60, "ISO14443", "Blocked", "NotAtThisTime", "NOT_ALLOWED"),
    ("not_granted", None, "ISO14443", "Blocked", "NotAtThisLocation", "NOT_ALLOWED"),
    ("agreement_expired", None, "ISO14443", "Expired", "Expired", "EXPIRED"),
    ("identifier_expired", None, "ISO14443", "Expired", "Expired", "EXPIRED"),
    ("agreement_not_yet_valid", None, "ISO14443", "Blocked", "NotAtThisTime", "EXPIRED"),
    ("identifier_not_yet_valid", None, "ISO14443", "Blocked", "NotAtThisTime", "EXPIRED"),
    ("identifier_blocked", None, "ISO14443", "Blocked", "Blocked", "BLOCKED"),
    ("agreement_suspended", None, "ISO14443", "Blocked", "Blocked", "BLOCKED"),
    ("agreement_unknown", None, "ISO14443", "Blocked", "Blocked", "BLOCKED"),
    ("synthetic_identifier", None, "Local", "Blocked", "Blocked", "NOT_ALLOWED"),
    ("no_identifier", None, "", "Invalid", "Invalid", "NOT_ALLOWED"),
    ("unknown_charger", None, "ISO14443", "Invalid", "Invalid", "NOT_ALLOWED"),
    ("no_policy", None, "ISO14443", "Invalid", "Invalid", "NOT_ALLOWED"),
    ("lookup_failed", None, "ISO14443", "Invalid", "Invalid", "NOT_ALLOWED"),
    ("too_many_attempts", None, "KeyCode", "Invalid", "Invalid", "NOT_ALLOWED"),
]
NEVER_DENIALS = {Reason.FREEVEND, Reason.OWN_VEHICLE, Reason.AGREEMENT_VEHICLE}


def _decision(reason: str, next_allowed_at: int | None = None, outcome: Outcome = Outcome.ACCESS_DENIED) -> Decision:
    answer = Answer(outcome, Reason(reason), AccessMode.MANAGED, None, "p", "w", None, None)
    return Decision(answer, "NTH-01", NOW, None, next_allowed_at)


@pytest.mark.parametrize(("reason", "later", "token", "v16", "v2", "ocpi"), ROWS)
def test_each_denial_has_its_status(reason: str, later: int | None, token: str, v16: str, v2: str, ocpi: str) -> None:
    assert status_1_6(_decision(reason, later), None) == v16
    assert status_2(_decision(reason, later), None, token) == v2
    assert status_ocpi(_decision(reason, later), None) == ocpi


def test_the_table_is_whole() -> None:
    assert set(DENIALS) == set(Reason) - NEVER_DENIALS == {Reason(row[0]) for row in ROWS}


@given(st.sampled_from(list(Reason)), st.text(max_size=8))
def test_who_is_allowed_is_accepted(reason: Reason, token: str) -> None:
    allowed = _decision(reason, outcome=Outcome.ALLOWED)
    assert (status_1_6(allowed, None), status_2(allowed, None, token)) == ("Accepted", "Accepted")
    assert status_ocpi(allowed, None) == "ALLOWED"


@given(st.sampled_from(sorted(DENIALS)), st.sampled_from([*sorted(STATUSES_1_6 | STATUSES_2), "Nonsense"]))
def test_a_profile_may_want_another_status_but_never_accept(reason: Reason, wanted: str) -> None:
    profile = ChargerProfile("model", statuses=((reason, wanted),))
    for found, plain, known in (
        (status_1_6(_decision(reason), profile), status_1_6(_decision(reason), None), STATUSES_1_6),
        (status_2(_decision(reason), profile, "x"), status_2(_decision(reason), None, "x"), STATUSES_2),
    ):
        assert found == (wanted if wanted in known - {"Accepted"} else plain)


@pytest.mark.parametrize(
    ("wanted", "ocpi"), [("Blocked", "BLOCKED"), ("Expired", "EXPIRED"), ("NoCredit", "NO_CREDIT"), ("Unknown", None)]
)
@given(st.sampled_from(sorted(DENIALS)))
def test_what_a_profile_wants_is_told_over_ocpi_too(wanted: str, ocpi: str | None, reason: Reason) -> None:
    found = status_ocpi(_decision(reason), ChargerProfile("model", statuses=((reason, wanted),)))
    assert found == (ocpi or "NOT_ALLOWED")


@given(st.integers(min_value=0, max_value=2 * NOW), st.booleans())
def test_no_charger_picks_its_own_time(told: int, replayed: bool) -> None:  # noqa: FBT001 - drawn
    found = moment(told, NOW, replayed=replayed)
    assert found.at <= NOW
    assert found.at == NOW or NOW - found.at <= (REPLAYED_S if replayed else TOLERANCE_S)
    assert found.clock_suspect == (told > NOW + TOLERANCE_S or NOW - told > (REPLAYED_S if replayed else TOLERANCE_S))
    assert found.late == (replayed and TOLERANCE_S < NOW - told <= REPLAYED_S)


def test_without_a_time_it_is_now() -> None:
    assert moment(None, NOW, replayed=True) == (NOW, False, False)
