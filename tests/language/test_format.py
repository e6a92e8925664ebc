"""The layout of policy files changes; what they say, and their comments, never do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_service.adapters.packaged_profiles import packaged_profiles
from policy_service.language.format import formatted
from policy_service.language.load import load
from policy_service.language.source import read
from policy_service.language.tree import plain

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "policies").rglob("*.yaml"))
ANY = [
    *SHIPPED,
    *sorted((Path(__file__).parent / "cases").glob("*.yaml")),
    *sorted((ROOT / "tests").rglob("trees/*/*.yaml")),
]

WIDE = """\
\ufeffkind:   AccessPolicy\r
metadata:\r
    name: x   \r
spec:
    #tight
    chargers:
        ids:
        -   "A*"
        -   B1


    # about windows
    windows:
    -   name: a   # inline
        mode: managed
        # inside
        message:
            en: |
                #no comment
                hello

                  world
        days: {dates: [2026-01-01,
           2026-01-02]}
    - - nested
      - -   deeper

---
a: 1
"""
NARROW = """\
kind:   AccessPolicy
metadata:
  name: x
spec:
  # tight
  chargers:
    ids:
      - "A*"
      - B1

  # about windows
  windows:
    - name: a   # inline
      mode: managed
      # inside
      message:
        en: |
            #no comment
            hello

              world
      days: {dates: [2026-01-01,
         2026-01-02]}
    - - nested
      - - deeper

---
a: 1
"""


def said(data: bytes) -> list[object]:
    return [plain(document) for document in read("x.yaml", data).documents]


def comments(data: bytes) -> list[str]:
    return re.findall(r"#\s*(.*?)\s*$", data.decode("utf-8", "replace"), re.MULTILINE)


def test_levels_are_indented_by_two() -> None:
    assert formatted("x.yaml", WIDE.encode()).decode() == NARROW
    assert formatted("x.yaml", NARROW.encode()).decode() == NARROW


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_shipped_policies_are_laid_out_so(path: Path) -> None:
    assert formatted(path.name, path.read_bytes()) == path.read_bytes()


def test_the_plan_of_a_tree_stays() -> None:
    files = {str(path.relative_to(ROOT)): path.read_bytes() for path in SHIPPED}
    wide = {name: widened(data) for name, data in files.items()}
    assert all(data != files[name] for name, data in wide.items())
    laid = {name: formatted(name, data) for name, data in wide.items()}
    tree = load(files, built_in=packaged_profiles()).tree
    assert tree is not None
    assert load(laid, built_in=packaged_profiles()).tree == tree
    assert laid == {name: formatted(name, data) for name, data in laid.items()}


def widened(data: bytes) -> bytes:
    """Indent every level by four, and leave blanks at the ends of lines."""
    lines: list[str] = []
    for line in data.decode().split("\n"):
        body = line.lstrip(" ")
        wide = body.replace("- ", "-   ", 1) if body.startswith("- ") else body
        lines.append("  " * (len(line) - len(body)) + wide + "  ")
    return "\n".join(lines).encode()


@pytest.mark.parametrize("path", ANY, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_whatever_the_file_it_says_the_same(path: Path) -> None:
    data = path.read_bytes()
    laid = formatted(path.name, data)
    assert said(laid) == said(data)
    assert comments(laid) == comments(data)
    assert formatted(path.name, laid) == laid


PLAIN = ("a: 1", "b:", "- c", "-   d: 2", "  e: f", "    g:", "# note", "#note", "    - h", "", "  ", "---")
LONG = ("i: |", "      text  ", "'q", "r'", "{s: [t,", "u]}")
LINES = st.sampled_from((*PLAIN, *LONG))


@given(st.lists(LINES, max_size=14).map("\n".join))
@settings(max_examples=300, deadline=None)
def test_any_text_says_the_same_or_is_left_alone(text: str) -> None:
    laid = formatted("x.yaml", text.encode())
    assert said(laid) == said(text.encode())
    assert formatted("x.yaml", laid) == laid


def test_what_cannot_be_read_is_left_alone() -> None:
    for data in (b"\xff\xfe", b"a: [", b"\ta: 1", b'{"a":   1}'):
        assert formatted("x.json" if data.startswith(b"{") else "x.yaml", data) == data
