"""AuthZEN's Authorization API 1.0: evaluation, search and discovery, by the one decision of this service."""

from typing import TYPE_CHECKING

from policy_service.entrypoints.http.authzen import discovery, evaluation, search

if TYPE_CHECKING:
    from fastapi import APIRouter


def routers() -> "tuple[APIRouter, ...]":
    """Return the routers in the order of the documentation."""
    return evaluation.router, search.router, discovery.router
