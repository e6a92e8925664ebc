from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_service.adapters.secret_fingerprints import PIN_NAMESPACE, SecretFingerprints
from policy_service.application.lookup import Lookup
from policy_service.domain.identifier import IdentifierError, IdentifierType, masked, may_be_pin, normal_form

LOOKUP = Lookup(SecretFingerprints(b"secret"))
PREFIXES = ["", "VID:", "VID-", "EVCCID:", "EVCCID=", "MAC:", "MAC: "]


@pytest.mark.parametrize("hint", ["pin", "PIN", "KeyCode", "keycode"])
def test_pins_are_looked_up_as_pins_alone(hint: str) -> None:
    presented = LOOKUP.present("1234", hint)
    assert presented.keys == (LOOKUP.key("1234", IdentifierType.PIN),)
    assert presented.pin


@pytest.mark.parametrize("hint", ["rfid", "ISO14443", "Central", "Local", "eMAID", "MacAddress", "whatever", ""])
def test_no_other_type_reaches_pins(hint: str) -> None:
    assert LOOKUP.present("1234", hint).keys == ("1234",)


def test_untyped_requests_reach_both_the_plain_form_first() -> None:
    assert LOOKUP.present(" 1234 ").keys == ("1234", LOOKUP.key("1234", IdentifierType.PIN))


def test_empty_is_no_identifier() -> None:
    assert LOOKUP.present("  ").keys == ()
    assert LOOKUP.traces(LOOKUP.present("  ")) is None


def test_what_cannot_be_an_identifier_is_refused() -> None:
    with pytest.raises(IdentifierError):
        LOOKUP.present("a\nb")


@given(st.text("0123456789ABCDEF", max_size=24), st.sampled_from(["", ":", "-", " "]), st.sampled_from(PREFIXES))
def test_hexadecimal_is_one_identifier_however_it_is_written(digits: str, between: str, prefix: str) -> None:
    pairs = between.join(digits[at : at + 2] for at in range(0, len(digits), 2))
    whole = len(digits) in range(8, 21, 2)
    assert normal_form(f" {prefix}{pairs.lower()} ") == (digits if whole else pairs)
    assert normal_form(prefix.lower() + pairs) == normal_form(pairs)


@pytest.mark.parametrize("text", ["x" * 256, "\ufdfa" * 15])
def test_an_identifier_has_255_characters_at_most_in_normal_form_as_well(text: str) -> None:
    assert len(normal_form("x" * 255)) == 255
    assert len(normal_form("\ufdfa" * 14)) == 14 * 18
    with pytest.raises(IdentifierError, match="at most 255"):
        normal_form(text)


def test_of_short_identifiers_and_pins_nothing_is_shown() -> None:
    assert [masked("12345678"), masked("123456789"), masked("123456789", pin=True)] == ["…", "…6789", "…"]


@pytest.mark.parametrize(
    ("form", "typed", "may_be"),
    [("1234567", False, True), ("12345678", False, False), ("1234567", True, False), ("123456A", False, False)],
)
def test_seven_digits_of_no_type_may_be_a_pin(form: str, typed: bool, may_be: bool) -> None:  # noqa: FBT001 - a table
    assert may_be_pin(form, typed=typed) is may_be


def test_no_normal_form_falls_into_the_name_space_of_pins() -> None:
    assert not normal_form(PIN_NAMESPACE + "0" * 64).startswith(PIN_NAMESPACE)


def test_a_presented_identifier_does_not_show_itself() -> None:
    assert repr(LOOKUP.present("04A2B3C4D5E680")) == "Presented('…E680')"
    assert "1234" not in repr(LOOKUP.present("1234", "pin"))


def test_a_pin_leaves_no_digit_and_one_fingerprint() -> None:
    typed = LOOKUP.traces(LOOKUP.present("123456789012", "pin"))
    assert typed is not None
    assert typed[0] == "…"
    assert typed[1] != LOOKUP.present("123456789012", "pin").keys[0]


def test_another_secret_gives_other_hashes() -> None:
    one, other = SecretFingerprints(b"a"), SecretFingerprints(b"b")
    assert one.pin_key("1") != other.pin_key("1")
    assert one.fingerprint("1") != other.fingerprint("1")
    assert one.fingerprint("1") not in one.pin_key("1")
