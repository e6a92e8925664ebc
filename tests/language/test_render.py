"""Findings are shown with their line and a caret that stands where the mistake is."""

from policy_service.domain.diagnostic import Diagnostic, Severity
from policy_service.domain.place import Place
from policy_service.language.render import as_dict, render


def shown(line: str, column: int, length: int, *, colour: bool = False) -> str:
    found = Diagnostic("PS013", Severity.ERROR, Place("a.yaml", 1, column), "wrong", "mend it", length)
    return render([found], {"a.yaml": line.encode()}, colour=colour)


def test_a_finding_is_a_block_of_its_own() -> None:
    assert shown("key: value", 6, 5) == (
        "error[PS013]: wrong\n --> a.yaml:1:6\n  |\n1 | key: value\n  |      ^^^^^\n  = help: mend it\n"
    )


def test_tabs_and_wide_characters_keep_the_caret_in_line() -> None:
    assert shown("\t電: x", 5, 1).splitlines()[4] == "  |" + " " * 9 + "^"


def test_a_long_line_is_clipped_around_the_caret() -> None:
    rows = shown("a" * 5000 + "b" + "c" * 5000, 5001, 1).splitlines()
    assert rows[3].startswith("1 | …a")
    assert rows[3][rows[4].index("^")] == "b"
    assert max(map(len, rows)) < 120


def test_colour_is_only_there_when_asked_for() -> None:
    assert "\x1b" in shown("key: value", 6, 5, colour=True)
    assert "\x1b" not in shown("key: \x1b[31m", 6, 5)


def test_a_finding_without_a_source_has_no_excerpt() -> None:
    found = Diagnostic("PS006", Severity.ERROR, Place(".", 1, 1), "none")
    assert render([found], {}) == "error[PS006]: none\n --> .:1:1\n"
    assert as_dict(found) == {
        "code": "PS006",
        "severity": "error",
        "file": ".",
        "line": 1,
        "column": 1,
        "message": "none",
        "help": None,
    }
