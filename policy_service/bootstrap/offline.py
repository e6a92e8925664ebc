"""What commands need that work on a policy tree without the service."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from policy_service.adapters.git_policy_files import GitPolicyFiles
from policy_service.adapters.holiday_days import LibraryHolidays
from policy_service.adapters.packaged_profiles import packaged_profiles
from policy_service.adapters.policy_files import DirectoryPolicyFiles
from policy_service.adapters.secret_fingerprints import SecretFingerprints
from policy_service.adapters.system_clock import SystemClock
from policy_service.engine.zone import use_pinned_zone_data

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from policy_service.application.ports import Clock, Fingerprints
    from policy_service.domain.charger_profile import BuiltInProfiles
    from policy_service.engine.holiday_days import HolidayDates


@dataclass(frozen=True, slots=True)
class Offline:
    """Adapters that need no settings."""

    clock: Clock
    holidays: HolidayDates
    profiles: BuiltInProfiles
    fingerprints: Fingerprints

    def read(self, directory: Path) -> Mapping[str, bytes]:
        """Return the policy files of a directory by relative name. Raises PolicyFilesError."""
        return DirectoryPolicyFiles(directory).read()

    def read_revision(self, revision: str, directory: Path) -> Mapping[str, bytes]:
        """Return the policy files of a directory as a git revision has them. Raises PolicyFilesError."""
        return GitPolicyFiles(revision, directory).read()


@cache
def offline() -> Offline:
    """Return the adapters; their PIN hashes hold for this process alone."""
    use_pinned_zone_data()
    return Offline(SystemClock(), LibraryHolidays(), packaged_profiles(), SecretFingerprints(os.urandom(32)))
