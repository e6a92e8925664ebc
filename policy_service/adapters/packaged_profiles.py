"""The charger profiles that are part of the package: policy documents, read once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from policy_service.domain.charger_profile import BuiltInProfiles, ChargerProfile
from policy_service.domain.place import NOWHERE
from policy_service.language.parse import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = "charger_profiles"


@cache
def packaged_profiles() -> BuiltInProfiles:
    """Return the built-in profiles by name. Raises ValueError where one of them is not what operators may write."""
    files = dict(_files())
    digest = hashlib.sha256()
    profiles: dict[str, ChargerProfile] = {}
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
        profile = _read(name, content)
        profiles[profile.name] = profile
    return BuiltInProfiles(profiles, digest.hexdigest())


def _files() -> Iterator[tuple[str, bytes]]:
    folder = resources.files("policy_service").joinpath(_FOLDER)
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        yield file.name, file.read_bytes()


def _read(name: str, content: bytes) -> ChargerProfile:
    parsed = parse(name, content)
    found = [document for document in parsed.documents if isinstance(document, ChargerProfile)]
    if parsed.diagnostics or len(found) != 1:
        message = f"the built-in profile {name} is broken: {[each.message for each in parsed.diagnostics]}"
        raise ValueError(message)
    return replace(found[0], built_in=True, place=NOWHERE)
