"""A package that is not there, for whoever would load it and can do without."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def absent(package: str) -> Generator[None]:
    """Let importing the package fail meanwhile, unless it is loaded already."""
    modules = cast("dict[str, Any]", sys.modules)
    if package in modules:
        yield
        return
    modules[package] = None
    try:
        yield
    finally:
        del modules[package]
