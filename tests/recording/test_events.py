from __future__ import annotations

from dataclasses import fields

import msgspec
import pytest
from fakes.samples import event
from hypothesis import given
from hypothesis import strategies as st

from policy_service.adapters.sql.event_rows import event_of
from policy_service.application.access_events import Circumstances, access_event, event_type, leaves_event
from policy_service.application.event_line import event_line
from policy_service.application.queries.decide import RecordRules
from policy_service.application.question import Question
from policy_service.domain.access import AccessMode, Outcome, Reason, VehicleClass
from policy_service.domain.charger_profile import ChargerProfile, DenialSignal, driver_signal
from policy_service.domain.decision import Answer, Decision
from policy_service.domain.events import DriverSignal, EventType
from policy_service.domain.identifier import masked


def _answer(outcome: Outcome, reason: Reason, would_be: Outcome | None = None) -> Answer:
    return Answer(outcome, reason, AccessMode.MANAGED, VehicleClass.OWN, "p", "w", "UTC", None, would_be)


_OBSERVED = _answer(Outcome.ALLOWED, Reason.NOT_GRANTED, Outcome.ACCESS_DENIED)


def test_only_access_decisions_leave_events() -> None:
    assert not leaves_event(_answer(Outcome.ALLOWED, Reason.FREEVEND))
    assert not leaves_event(_answer(Outcome.ALLOWED, Reason.NO_POLICY))
    assert leaves_event(_answer(Outcome.ACCESS_DENIED, Reason.NO_POLICY))
    assert leaves_event(_answer(Outcome.ACCESS_DENIED, Reason.UNKNOWN_CHARGER))


def test_the_type_tells_what_happened_at_the_charger() -> None:
    assert event_type(_OBSERVED) is EventType.WOULD_DENY
    assert event_type(_answer(Outcome.ALLOWED, Reason.OWN_VEHICLE)) is EventType.ALLOWED
    assert event_type(_answer(Outcome.ACCESS_DENIED, Reason.NOT_GRANTED)) is EventType.DENIED
    assert event_type(_answer(Outcome.ACCESS_DENIED, Reason.SYNTHETIC_IDENTIFIER)) is EventType.BREACH


def test_an_event_tells_the_decision_and_its_question() -> None:
    around = Circumstances("id", 5, "sha256:1", {"depot": "north"}, ("…1234", "ff"), driver_signal=DriverSignal.NONE)
    asked = Question("C", "04A2B3C4", evse=1, ocpp_action="Authorize", transaction_id="t", caller="k")
    made = access_event(asked, Decision(_OBSERVED, "C", 7, None), None, around)
    assert (made.type, made.time, made.recorded_at, made.identifier_masked) == (EventType.WOULD_DENY, 7000, 5, "…1234")
    assert (made.vehicle, made.evse, made.caller, made.labels) == (None, 1, "k", {"depot": "north"})
    assert (made.ocpp_action, made.transaction_id, made.driver_signal) == ("Authorize", "t", DriverSignal.NONE)
    assert (made.fingerprint_key, made.evidence) == (1, None)


def test_denials_are_recorded_whatever_the_settings_are() -> None:
    rules = RecordRules(allowed_share=0)
    denied = Decision(_answer(Outcome.ACCESS_DENIED, Reason.NOT_GRANTED), "C", 0, None)
    assert rules.wants(denied, "0199c0de-0000-7000-8000-ffffffffffff")
    assert rules.wants(Decision(_OBSERVED, "C", 0, None), "0199c0de-0000-7000-8000-ffffffffffff")


@given(st.floats(0, 1), st.integers(0, 16**6 - 1))
def test_ids_choose_samples_in_the_share_asked_for(share: float, end: int) -> None:
    allowed = Decision(_answer(Outcome.ALLOWED, Reason.OWN_VEHICLE), "C", 0, None)
    wanted = RecordRules(allowed_share=share).wants(allowed, f"0199c0de-0000-7000-8000-000000{end:06x}")
    assert wanted == (end < share * 16**6)


def test_the_signal_is_what_protocol_and_charger_can_show() -> None:
    display = ChargerProfile("p", denial=DenialSignal(display_text=True))
    assert driver_signal(display, "ocpp2.0.1") is DriverSignal.TEXT
    assert driver_signal(display, "ocpp1.6") is DriverSignal.STATUS_ONLY
    assert driver_signal(ChargerProfile("p", denial=DenialSignal(led=True)), "ocpp2.1") is DriverSignal.STATUS_ONLY
    assert driver_signal(ChargerProfile("p"), "ocpp2.1") is DriverSignal.NONE
    assert driver_signal(None, "ocpp2.1") is DriverSignal.STATUS_ONLY


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.text(), st.dictionaries(st.text(), st.text(), max_size=3), st.dictionaries(st.text(), _JSON, max_size=3))
def test_a_line_holds_the_event_and_no_end_of_line(charger: str, labels: dict[str, str], evidence: dict) -> None:
    written = event("e", charger=charger, labels=labels, evidence=evidence)
    line = event_line(written)
    assert b"\n" not in line
    read = event_of(msgspec.json.decode(line))
    for each in fields(written):
        value = getattr(written, each.name)
        if "\0" not in repr(value) and "\\x00" not in repr(value) and "\\u0000" not in repr(value):
            assert getattr(read, each.name) == value


@given(st.text(st.characters(categories=["Cs", "Cc", "Ll"]), min_size=1))
def test_what_no_database_takes_is_replaced(text: str) -> None:
    line = event_line(event("e", charger=text, labels={text: text}, evidence={"attributes": {text: text}}))
    assert b"\\u0000" not in line
    assert line.decode()


@pytest.mark.parametrize(
    ("form", "pin", "shown"),
    [("12345678", False, "…"), ("123456789", False, "…6789"), ("1234", True, "…"), ("123456789012", True, "…")],
)
def test_of_short_identifiers_and_pins_nothing_is_shown(form: str, shown: str, *, pin: bool) -> None:
    assert masked(form, pin=pin) == shown
