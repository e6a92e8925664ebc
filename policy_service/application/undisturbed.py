"""Work that makes much which stays: done without the garbage collector, which would go through it over and over."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def undisturbed() -> Generator[None]:
    """Collect nothing meanwhile, and never look again at what is there then.

    A plan of 100,000 chargers is a million objects. While they come, a full collection happens some seventeen times,
    takes almost half of the time, and lets nobody else run for a tenth of a second each.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def tidy() -> None:
    """Collect what :func:`undisturbed` has kept: nobody else runs meanwhile, some tenths of a second at most."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
