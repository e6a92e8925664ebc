"""A whole tree of files in one call: parse what changed, check all, tell every mistake at once."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

from policy_service.domain.charger_profile import NO_BUILT_IN_PROFILES
from policy_service.language.check import Checked, check
from policy_service.language.parse import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from policy_service.domain.charger_profile import BuiltInProfiles
    from policy_service.language.parsed import ParsedFile

Cache: TypeAlias = "MutableMapping[tuple[str, bytes], ParsedFile]"
"""Parsed files by name and content hash."""


def load(
    files: Mapping[str, bytes], cache: Cache | None = None, built_in: BuiltInProfiles = NO_BUILT_IN_PROFILES
) -> Checked:
    """Load a tree from its files by relative name; files that the cache knows are not read again.

    Built-in profiles of chargers stand behind the tree's own. The cache is left with the files of this tree alone.
    Never raises.
    """
    known: Cache = {} if cache is None else cache
    parsed: list[ParsedFile] = []
    used: set[tuple[str, bytes]] = set()
    for name in sorted(files):
        key = (name, blake2b(files[name], digest_size=16).digest())
        found = known.get(key)
        if found is None:
            found = known[key] = parse(name, files[name])
        used.add(key)
        parsed.append(found)
    for stale in set(known) - used:
        del known[stale]
    return check(parsed, built_in)
