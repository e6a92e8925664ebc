from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from trees import POLICY, codes, found_in

from policy_service.entrypoints.cli.app import run
from policy_service.lint.fixes import edited
from policy_service.lint.found import Edit

if TYPE_CHECKING:
    from pathlib import Path

UNUSED = "# policy-service: ignore PS217 because of shifts"
NIGHTS = "{name: nights, mode: managed, rrule: FREQ=DAILY, from: 2026-01-01, start: 22:00, end: 06:00}"


def mended(text: str, schemas: str | None = None, name: str = "depots/depot.yaml") -> str:
    edits = [finding.edit for finding in found_in({name: text}, schemas=schemas) if finding.edit is not None]
    assert edits
    after = edited({name: text.encode()}, edits)[name].decode()
    assert codes({name: after}) == []
    return after


@pytest.mark.parametrize(
    "text",
    [
        f"{POLICY}  windows:\n    - {NIGHTS}   {{}}\n    # kept\n",
        f"{POLICY}  windows:\n    {{}}\n    - {NIGHTS}  # kept\n",
        f"{POLICY}  windows:\n    - {NIGHTS}\n    {{}}",
    ],
)
@pytest.mark.parametrize("break_", ["\n", "\r\n"])
def test_an_unused_comment_goes_and_every_other_character_stays(text: str, break_: str) -> None:
    head, comment, tail = text.replace("\n", break_).partition("{}")
    before = head + UNUSED + tail
    after = mended(before)
    assert UNUSED not in after
    expected = head.rstrip(" ") + tail if not head.endswith(" " * 4) else head[:-4] + tail.removeprefix(break_)
    assert comment
    assert after == expected


@pytest.mark.parametrize(
    ("schemas", "line"),
    [
        ("schemas", "../schemas/access-policy.v1.json"),
        ("depots/schemas", "schemas/access-policy.v1.json"),
        ("https://example.com/schemas/", "https://example.com/schemas/access-policy.v1.json"),
    ],
)
def test_a_schema_line_is_written_where_schemas_are_known(schemas: str, line: str) -> None:
    text = "# our depot\n" + POLICY.split("\n", 1)[1]
    assert mended(text, schemas) == f"# yaml-language-server: $schema={line}\n{text}"


def test_a_byte_order_mark_stays_at_the_beginning() -> None:
    after = edited({"a.yaml": b"\xef\xbb\xbfa: 1\r\n"}, [Edit("a.yaml", 0, 0, "# first\n")])
    assert after == {"a.yaml": b"\xef\xbb\xbf# first\na: 1\r\n"}


def test_of_edits_that_meet_the_first_is_made() -> None:
    edits = [Edit("a", 0, 3, "x"), Edit("a", 2, 4, "y"), Edit("a", 4, 5, "z")]
    assert edited({"a": b"abcdef", "b": b"same"}, edits) == {"a": b"xdzf"}


def test_the_command_mends_the_files_and_tells_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policy-service.toml").write_text('[lint]\nschemas = "schemas"\n', encoding="utf-8")
    depot = tmp_path / "policies" / "depot.yaml"
    text = POLICY.split("\n", 1)[1].replace(", owner: ops", "")
    depot.write_text(f"{text}  windows:\n    - {NIGHTS}  {UNUSED}\n", encoding="utf-8")
    depot.chmod(0o640)
    assert run(["check", "policies", "--fix", "--strict"]) == 0
    told = capsys.readouterr()
    assert told.err == "mended 2 findings in 1 file\n"
    assert told.out.endswith("1 note in 1 file; `policy-service rule PS219` says more\n")
    line = "# yaml-language-server: $schema=../schemas/access-policy.v1.json"
    assert depot.read_text(encoding="utf-8") == f"{line}\n{text}  windows:\n    - {NIGHTS}\n"
    assert depot.stat().st_mode & 0o777 == 0o640
