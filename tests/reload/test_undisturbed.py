"""A load lets the collector rest, whatever comes of it, and what it left is collected once a day."""

from __future__ import annotations

import gc
import weakref

import pytest

from policy_service.application.undisturbed import tidy, undisturbed


class _Circle:
    """Refers to itself, so that nothing but the collector ends it."""

    def __init__(self) -> None:
        self.itself = self


def test_nothing_is_collected_meanwhile_and_the_collector_goes_on_afterwards() -> None:
    with undisturbed():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_a_failure_as_well() -> None:
    with pytest.raises(RuntimeError), undisturbed():
        raise RuntimeError
    assert gc.isenabled()


def test_what_a_load_leaves_behind_in_circles_is_gone_after_tidying() -> None:
    with undisturbed():
        left = weakref.ref(_Circle())
    gc.collect()
    assert left() is not None
    tidy()
    assert left() is None
