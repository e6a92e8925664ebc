from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from trees import POLICY, codes

from policy_service.domain.diagnostic import Severity
from policy_service.entrypoints.cli.app import run
from policy_service.lint.configuration import Configuration, FileIgnore, read_configuration

if TYPE_CHECKING:
    from pathlib import Path

ALLOW = "  allow: [{class: own}, {class: agreement, agreements: [metro-east]}]\n"
WHOLE = b"""\
[lint]
schemas = "schemas"
agreements = ["metro-east"]
agreements-file = "agreements.csv"

[lint.rules]
owner-missing = "error"
PS204 = "off"

[[lint.ignore]]
rules = ["PS218", "start-equals-end"]
files = ["generated/*.yaml"]
because = "named by the export"
"""


def read(text: str | bytes) -> Configuration:
    read = read_configuration("policy-service.toml", text if isinstance(text, bytes) else text.encode())
    assert isinstance(read, Configuration), read
    return read


def test_it_is_read_whole() -> None:
    assert read(WHOLE) == Configuration(
        levels={"PS219": Severity.ERROR, "PS204": None},
        ignored=(FileIgnore(("PS218", "PS217"), ("generated/*.yaml",)),),
        agreements=("metro-east",),
        agreements_file="agreements.csv",
        schemas="schemas",
    )
    assert read("") == Configuration()
    assert read(b"\xef\xbb\xbf" + WHOLE) == read(WHOLE), "an editor may have put a byte order mark first"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("[lint\n", "1:6", "not well-formed TOML"),
        pytest.param("a = " + "[" * 5_000, "1:1", "values nested too deeply", id="nested"),
        pytest.param("a = " + "9" * 5_000, "1:1", "values nested too deeply, or a number that is too long", id="long"),
        ("[lint]\n[lints]\n", "2:2", "unknown key `lints`"),
        ("[lint]\nschema = 'x'\n", "2:1", "unknown key `schema`"),
        ("[lint]\nschemas = 1\n", "2:1", "`schemas` must be a text"),
        ("[lint]\nagreements = 'x'\n", "2:1", "`agreements` must be a list of texts"),
        ("[lint.rules]\nPS299 = 'off'\n", "2:1", "there is no rule `PS299`"),
        ("[lint.rules]\nowner-mising = 'off'\n", "2:1", "there is no rule `owner-mising`"),
        ("[lint.rules]\nPS110 = 'off'\n", "2:1", "`PS110` is an error and has no other level"),
        ("[lint.rules]\nPS219 = 'fatal'\n", "2:1", "`fatal` is no level"),
        ("[lint]\nrules = 3\n", "2:1", "`rules` must be a table"),
        ("[[lint.ignore]]\nrules = ['PS218']\nfiles = ['*']\n", "1:1", "an ignore must say why"),
        ("[[lint.ignore]]\nrules = ['PS218']\nbecause = 'x'\n", "1:1", "an ignore needs `rules` and `files`"),
        ("[[lint.ignore]]\nrules=['PS2']\nfiles=['*']\nbecause='x'\n", "2:9", "there is no rule `PS2`"),
    ],
)
def test_a_mistake_in_it_has_its_place(text: str, place: str, message: str) -> None:
    found = read_configuration("policy-service.toml", text.encode())
    assert isinstance(found, tuple)
    assert [(each.code, each.severity) for each in found] == [("PS008", Severity.ERROR)]
    assert str(found[0].place) == f"policy-service.toml:{place}"
    assert found[0].message.startswith(message)
    assert found[0].help


def test_levels_and_ignores_hold_for_warnings_of_the_compiler_too() -> None:
    works = "  windows: [{name: works, mode: managed, from: 2026-03-02, start: 08:00, duration: PT4H}]\n"
    files = {"generated/depot.yaml": POLICY + works}
    assert codes(files) == ["PS109"]
    assert codes(files, read("[lint.rules]\nPS109 = 'off'\n")) == []
    ignored = "[[lint.ignore]]\nrules = ['PS109']\nfiles = ['generated/*']\nbecause = 'history'\n"
    assert codes(files, read(ignored)) == []
    assert codes({"depot.yaml": POLICY + works}, read(ignored)) == ["PS109"]


@pytest.mark.parametrize("where", ["policies", ".", "elsewhere"])
def test_it_is_found_in_the_tree_beside_it_and_where_the_command_runs(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "policies" / "depot.yaml").write_text(POLICY.replace(", owner: ops", ""), encoding="utf-8")
    (tmp_path / where / "policy-service.toml").write_text("[lint.rules]\nPS219 = 'error'\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run(["check", "../policies", "--format", "concise"]) == 1
    assert "error[PS219]" in capsys.readouterr().out
    (tmp_path / where / "policy-service.toml").write_text("[lint.rules]\nPS299 = 'error'\n", encoding="utf-8")
    assert run(["check", "../policies"]) == 1
    assert "policy-service.toml:2:1" in capsys.readouterr().out


def test_agreements_come_from_the_file_of_an_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "depot.yaml").write_text(POLICY + ALLOW, encoding="utf-8")
    (tmp_path / "policy-service.toml").write_text('[lint]\nagreements-file = "known.csv"\n', encoding="utf-8")
    (tmp_path / "known.csv").write_text("agreement,fleet,status\nmetro-west,metro,active\n", encoding="utf-8")
    assert run(["check", "policies", "--strict"]) == 1
    assert "no known agreement matches `metro-east`" in capsys.readouterr().out
    (tmp_path / "known.csv").write_text("agreement,fleet,status\nmetro-east,metro,active\n", encoding="utf-8")
    assert run(["check", "policies", "--strict"]) == 0
    (tmp_path / "known.csv").write_text("vehicle\n1\n", encoding="utf-8")
    assert run(["check", "policies", "--strict"]) == 2
    assert "`known.csv` holds no agreement that can be read" in capsys.readouterr().err
    (tmp_path / "known.csv").unlink()
    assert run(["check", "policies", "--strict"]) == 2
