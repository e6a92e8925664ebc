"""Who answers over OCPI: the party that is said to have issued every token."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OcpiParty:
    """An eMSP as OCPI names it."""

    country_code: str
    """ISO 3166-1 alpha-2."""
    party_id: str
    """Three characters, ISO 15118."""
    issuer: str
