from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.language import parse
from policy_service.language.load import load

if TYPE_CHECKING:
    import pytest


def test_of_many_keys_a_few_are_looked_at_for_the_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at a key of somebody else's file takes a while."""
    asked: list[str] = []

    def counted(name: str, *_: object) -> None:
        asked.append(name)

    monkeypatch.setattr(parse, "suggestion", counted)
    text = "\n".join(f"k{number}: 1" for number in range(5_000))
    (finding,) = load({"other.yaml": text.encode()}).diagnostics
    assert (finding.code, str(finding.place)) == ("PS012", "other.yaml:1:1")
    assert asked == [f"k{number}" for number in range(100)]
