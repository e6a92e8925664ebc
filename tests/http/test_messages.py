"""What a refused driver is told."""

from __future__ import annotations

import pytest

from policy_service.domain.access import Outcome, Reason
from policy_service.domain.decision import Answer, Decision
from policy_service.domain.messages import choose, local_time, message_of

TEXTS = (("de", "Nur Flotte"), ("en", "Fleet only"), ("pt-br", "Só frota"))
NIGHT = 1_795_518_900  # 2026-11-24T11:15:00Z


@pytest.mark.parametrize(
    ("language", "text"),
    [("de", "Nur Flotte"), ("de-AT", "Nur Flotte"), ("pt_BR", "Só frota"), ("fr", "Fleet only"), (None, "Fleet only")],
)
def test_the_language_that_fits_best(language: str | None, text: str) -> None:
    assert choose(TEXTS, language) == text


def test_a_plain_text_fits_every_language() -> None:
    assert choose((("", "Fleet"),), "de") == "Fleet"


def test_times_are_those_of_the_depot() -> None:
    assert local_time(NIGHT + 7 * 3600, NIGHT, "Australia/Melbourne") == "05:15"
    assert local_time(NIGHT + 90_000, NIGHT, "Australia/Melbourne") == "2026-11-25 23:15"
    assert local_time(None, NIGHT, "UTC") == "-"


def test_the_default_text_names_the_reason() -> None:
    answer = Answer(Outcome.ACCESS_DENIED, Reason.UNKNOWN_IDENTIFIER, None, None, None, None, None, None)
    assert message_of(Decision(answer, "c", NIGHT, None), "de") == "This vehicle is not known here"
