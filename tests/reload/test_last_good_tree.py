"""The tree that is kept for a restart comes back byte by byte, however long its files are."""

from __future__ import annotations

import random
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from policy_service.adapters.last_good_tree import FileLastGoodTree

if TYPE_CHECKING:
    from pathlib import Path

_PIECE = 3 << 16


@pytest.mark.parametrize("length", [0, 1, _PIECE - 1, _PIECE, _PIECE + 1, 2 * _PIECE + 2])
def test_what_is_kept_comes_back(tmp_path: Path, length: int) -> None:
    files = {"long.json": random.Random(length).randbytes(length), 'folder/a "name".yaml': b"x"}  # noqa: S311 - no secret
    kept = FileLastGoodTree(tmp_path)
    kept.save(files)
    assert kept.load() == files


def test_an_empty_tree_comes_back(tmp_path: Path) -> None:
    kept = FileLastGoodTree(tmp_path)
    kept.save({})
    assert kept.load() == {}


def test_a_large_tree_is_never_held_as_a_whole(tmp_path: Path) -> None:
    files = {f"{number}.json": bytes(1 << 20) for number in range(16)}
    kept = FileLastGoodTree(tmp_path)
    kept.save(files)
    tracemalloc.start()
    try:
        kept.save(files)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 21
    assert kept.load() == files
