"""Leaves the third-party vectors aside where their file is not at hand; the header of the run says which it is."""

from __future__ import annotations

from vectors import VECTORS_PRESENT

collect_ignore = [] if VECTORS_PRESENT else ["test_recurrence_vectors.py"]
