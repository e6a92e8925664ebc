"""The rooms look inward only: the contracts of pyproject.toml, run as a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importlinter.cli import lint_imports
from project import ROOT

if TYPE_CHECKING:
    import pytest


def test_every_import_contract_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out
