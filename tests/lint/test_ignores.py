from __future__ import annotations

import pytest
from trees import POLICY, codes, found_in

from policy_service.language.comments import comments

DAY = "{name: sundays, mode: managed, rrule: FREQ=WEEKLY;BYDAY=SU, from: 2026-01-04, start: 06:00, end: 06:00}"
BECAUSE = "# policy-service: ignore PS217 because the shift lasts 24 hours"
BLOCK = """\
    - name: sundays
      mode: managed
      rrule: FREQ=WEEKLY;BYDAY=SU
      from: 2026-01-04

      # the night shift
      start: 06:00
      end: 06:00
"""


def windows(text: str) -> dict[str, str]:
    return {"depot.yaml": f"{POLICY}  windows:\n{text}"}


def test_without_a_comment_it_is_found() -> None:
    assert codes(windows(f"    - {DAY}\n")) == ["PS217"]
    assert codes(windows(BLOCK)) == ["PS217"]


@pytest.mark.parametrize(
    "text",
    [
        f"    - {DAY}  {BECAUSE}\n",
        f"    {BECAUSE}\n    - {DAY}\n",
        f"    {BECAUSE}\n\n    # and another comment\n    - {DAY}\n",
        f"    {BECAUSE}\n{BLOCK}",
        BLOCK.replace("end: 06:00", f"end: 06:00   {BECAUSE}"),
        BLOCK.replace("      end", f"      {BECAUSE}\n      end"),
        f"    - {DAY}  # policy-service: ignore start-equals-end because the shift lasts 24 hours\n",
        f"    - {DAY}  # policy-service:   ignore   PS217   because   of shifts\n",
    ],
)
def test_a_comment_with_a_reason_ignores_it(text: str) -> None:
    assert codes(windows(text)) == []


def test_a_comment_at_the_section_ignores_it_in_all_of_it() -> None:
    files = windows(f"    - {DAY}\n    - {DAY.replace('sundays', 'mondays').replace('=SU', '=MO')}\n")
    assert codes(files) == ["PS217", "PS217"]
    text = files["depot.yaml"].replace("  windows:", f"  {BECAUSE}\n  windows:")
    assert codes({"depot.yaml": text}) == []


def test_another_line_is_not_covered() -> None:
    text = f"    - {DAY}\n    - {DAY.replace('sundays', 'mondays').replace('=SU', '=MO')}  {BECAUSE}\n"
    assert [finding.diagnostic.place.line for finding in found_in(windows(text))] == [10]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("ignore PS217", "the comment does not say why the finding is ignored"),
        ("ignore PS217 because", "the comment `ignore PS217 because` is not understood"),
        ("ignore PS299 because of shifts", "there is no rule `PS299`"),
        ("ignore PS110 because of shifts", "`PS110` keeps a tree from being served and cannot be ignored"),
        ("ignroe PS217 because of shifts", "the comment `ignroe PS217 because of shifts` is not understood"),
    ],
)
def test_what_ignores_nothing_is_told(comment: str, message: str) -> None:
    found = found_in(windows(f"    - {DAY}  # policy-service: {comment}\n"))
    assert [finding.diagnostic.code for finding in found] == ["PS217", "PS291"]
    assert found[1].diagnostic.message == message
    assert found[1].diagnostic.help


def test_a_comment_of_several_codes_names_those_that_met_nothing() -> None:
    text = f"    - {DAY}  # policy-service: ignore PS217, PS211, PS222 because of shifts\n"
    found = found_in(windows(text))
    assert [(finding.diagnostic.code, finding.edit) for finding in found] == [("PS292", None)]
    assert found[0].diagnostic.message == "nothing is found here that is ignored by `PS211` and `PS222`"


def test_a_marker_inside_of_a_text_is_no_comment() -> None:
    text = """\
a: "not a # policy-service: one"
b: 'neither
  # policy-service: two'
c: |
  a block
  # policy-service: three
# policy-service: four
d: plain # policy-service: five
f: >-
  folded
  # policy-service: six

  # policy-service: seven
"""
    assert [(found.text, found.line, found.alone) for found in comments(text, "policy-service:")] == [
        ("four", 7, True),
        ("five", 8, False),
    ]


def test_windows_line_breaks_are_kept_out_of_the_reason() -> None:
    files = {name: text.replace("\n", "\r\n") for name, text in windows(f"    - {DAY}  {BECAUSE}\n").items()}
    assert codes(files) == []
