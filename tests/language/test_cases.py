"""Every case file is a mistake; beside it stands what an author is told. UPDATE_GOLDEN=1 writes that anew."""

import os
from pathlib import Path

import pytest

from policy_service.language.load import load
from policy_service.language.render import as_dict, render

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_an_author_is_told(case: Path) -> None:
    sources = {case.name: case.read_bytes()}
    checked = load(sources)
    shown = render(checked.diagnostics, sources)
    expected = case.with_suffix(".txt")
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(shown)
    assert shown == expected.read_text()
    assert checked.tree is None
    assert [as_dict(found)["code"] for found in checked.diagnostics] == [found.code for found in checked.diagnostics]
