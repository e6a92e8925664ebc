"""The lists that chargers were handed, in memory, and chargers that take them in as OCPP says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.domain.local_list import ListVersion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fakes.stores import MemoryState

KEPT = 5


def list_version(charger: str = "NTH-01", version: int = 1, **changed: object) -> ListVersion:
    values: dict[str, Any] = {"made_at": 1_795_000_000, "until": 1_795_086_400, "digest": "d1", "entries": 3}
    return ListVersion(charger, version, **{**values, **changed})


class MemoryLocalLists:
    def __init__(self, state: MemoryState) -> None:
        """Keep everything in the state."""
        self._state = state

    async def latest(self, charger: str) -> ListVersion | None:
        self._state.ask()
        return max(self._of(charger), key=lambda each: each.version, default=None)

    async def all_latest(self) -> Sequence[ListVersion]:
        self._state.ask()
        newest: dict[str, ListVersion] = {}
        for each in sorted(self._state.lists.values(), key=lambda each: each.version):
            newest[each.charger] = each
        return list(newest.values())

    async def add(self, made: ListVersion, content: str, *, after: int) -> bool:
        latest = await self.latest(made.charger)
        if (0 if latest is None else latest.version) != after:
            return False
        self._state.lists[made.charger, made.version] = made
        self._state.list_contents.setdefault(made.digest, content)
        for old in sorted(self._of(made.charger), key=lambda each: -each.version)[KEPT:]:
            del self._state.lists[old.charger, old.version]
            if all(each.digest != old.digest for each in self._state.lists.values()):
                self._state.list_contents.pop(old.digest, None)
        return True

    async def base(self, charger: str, version: int) -> tuple[ListVersion, str] | None:
        self._state.ask()
        found = self._state.lists.get((charger, version))
        content = None if found is None else self._state.list_contents.get(found.digest)
        return None if found is None or content is None else (found, content)

    async def forget_contents(self) -> None:
        self._state.ask()
        self._state.list_contents.clear()

    async def forget_contents_before(self, until: int) -> None:
        self._state.ask()
        used = {each.digest for each in self._state.lists.values() if each.until >= until}
        for digest in self._state.list_contents.keys() - used:
            del self._state.list_contents[digest]

    def _of(self, charger: str) -> list[ListVersion]:
        return [each for each in self._state.lists.values() if each.charger == charger]


class ListeningCharger:
    """Takes `SendLocalList` in to the letter: a Full replaces, a Differential must be newer than what it has."""

    def __init__(self, number: str) -> None:
        """Have an empty list; ``number`` is what the protocol calls a version by."""
        self.number = number
        self.version = 0
        self.entries: dict[tuple[str, ...], Mapping[str, Any]] = {}

    def take(self, payload: Mapping[str, Any]) -> str:
        """Return the status."""
        version = payload[self.number]
        if payload["updateType"] == "Full":
            self.entries = {}
        elif version <= self.version:
            return "VersionMismatch"
        for each in payload.get("localAuthorizationList", ()):
            name, info = self._read(each)
            if info is None:
                self.entries.pop(name, None)
            else:
                self.entries[name] = info
        self.version = version
        return "Accepted"

    def _read(self, each: Mapping[str, Any]) -> tuple[tuple[str, ...], Mapping[str, Any] | None]:
        if self.number == "listVersion":
            return (each["idTag"].lower(),), each.get("idTagInfo")
        token = each["idToken"]
        return (token["idToken"].lower(), token["type"]), each.get("idTokenInfo")
