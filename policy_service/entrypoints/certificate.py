"""For how long a certificate is valid: one that is over is served all the same, and only clients refuse it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Validity(NamedTuple):
    """When all certificates of a chain are valid."""

    begins: datetime
    ends: datetime

    def trouble(self, now: datetime) -> str | None:
        """Say what is wrong with it at an instant; nothing where it is valid."""
        if now > self.ends:
            return f"expired {_written(self.ends)}"
        return f"not valid before {_written(self.begins)}" if now < self.begins else None

    def __str__(self) -> str:
        """Say until when."""
        return f"valid until {_written(self.ends)}"


def validity(file: Path) -> Validity:
    """Read a chain in PEM. Raises OSError, and ValueError for what is none."""
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 - only who speaks TLS needs it

    chain = load_pem_x509_certificates(file.read_bytes())
    return Validity(max(each.not_valid_before_utc for each in chain), min(each.not_valid_after_utc for each in chain))


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
