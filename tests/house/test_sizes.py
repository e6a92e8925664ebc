"""The sizes that keep a file and a function readable at a glance."""

from __future__ import annotations

import ast

import project

MOST_LINES_OF_A_MODULE = 400
MOST_LINES_OF_A_FUNCTION = 60


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in project.code()}
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES_OF_A_MODULE} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    long: list[str] = []
    for path in project.code():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    long.append(f"{path}:{node.lineno}: {node.name} has {lines} lines")
    assert long == []


def test_every_module_opens_with_a_sentence() -> None:
    documented = {str(path): ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) for path in project.code()}
    assert [path for path, text in documented.items() if not text] == []
