"""Issue a charger's local list: a version of its own where anything differs, and the messages that lead to it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from policy_service.application.local_lists.drawing import ASSUMED_MOST, reader_of
from policy_service.application.local_lists.lists import holds_until
from policy_service.application.ports import StoreUnavailableError
from policy_service.domain.access import Enforcement
from policy_service.domain.local_list import Entry, LeftOut, ListVersion, changes
from policy_service.domain.ocpp_lists import ASSUMED_CHUNK, listed, removed, send_local_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policy_service.application.local_lists.drawing import Reader
    from policy_service.application.local_lists.lists import Lists
    from policy_service.application.ports import Clock, LocalLists, Seal
    from policy_service.domain.local_list import LocalList
    from policy_service.engine.plan import ChargerPlan

_FIRST = 1_767_225_600
"""2026-01-01T00:00:00Z, see :func:`_following`."""
_MINUTE = 60
_TRIES = 10


class IssuedList(NamedTuple):
    """A list, and what brings a charger to it."""

    version: ListVersion
    based_on: int | None
    """The version that the messages presuppose; None: they do not depend on what the charger has."""
    left_out: Mapping[LeftOut, int]
    messages: Sequence[Mapping[str, Any]]
    """Payloads of `SendLocalList` in their order; none where the charger has the list already."""
    notes: Sequence[str]

    @property
    def complete(self) -> bool:
        """Tell whether all are on it who may charge throughout."""
        return not self.left_out.keys() - {LeftOut.NOT_THROUGHOUT}


class IssueLocalList:
    """Hands lists out. Equal lists of one charger are one version until half of its lifetime is over."""

    def __init__(self, lists: Lists, store: LocalLists, seal: Seal, clock: Clock, *, lifetime_s: int) -> None:
        """Wire the collaborators; a list holds for ``lifetime_s`` at most."""
        self._lists = lists
        self._store = store
        self._seal = seal
        self._clock = clock
        self._lifetime_s = lifetime_s

    async def __call__(self, charger_id: str, since: int | None) -> IssuedList:
        """Return the charger's list, as what differs from the version ``since`` where that is known and shorter.

        Raises NoPlanError, UnknownChargerError, and StoreUnavailableError where registry or store cannot be asked.
        """
        for _ in range(_TRIES):  # who comes second takes the version of who came first, if the lists are equal
            latest, now = await self._store.latest(charger_id), self._clock.now()
            entry, drawn = await self._lists.list_of(charger_id, holds_until(latest, now, self._lifetime_s))
            reader = reader_of(entry)
            entries = await asyncio.to_thread(_listed, reader, drawn)
            version = await self._versioned(latest, drawn, reader, entries, charger_id, now)
            if version is not None:
                notes, whole = tuple(_notes(entry, reader, drawn)), _whole(reader, version.version, entries)
                changed = await self._changed(reader, version, drawn, since)
                if changed is None or len(changed) > len(whole):
                    return IssuedList(version, None, drawn.left_out, whole, notes)
                return IssuedList(version, since, drawn.left_out, changed, notes)
        message = "others keep changing the list of this charger"
        raise StoreUnavailableError(message)

    async def _versioned(
        self,
        latest: ListVersion | None,
        drawn: LocalList,
        reader: Reader,
        entries: Sequence[dict[str, Any]],
        charger_id: str,
        now: int,
    ) -> ListVersion | None:
        """Return the list's version, a new one where it differs from the latest; None: somebody was faster."""
        if latest is not None and (latest.digest, latest.until) == (drawn.digest, drawn.until):
            return latest
        after = 0 if latest is None else latest.version
        number = _following(after, now, len(_whole(reader, 0, entries)))
        made = ListVersion(charger_id, number, now, drawn.until, drawn.digest, len(drawn.entries))
        content = await asyncio.to_thread(self._sealed, made, reader, drawn)
        return made if await self._store.add(made, content, after=after) else None

    async def _changed(
        self, reader: Reader, version: ListVersion, drawn: LocalList, since: int | None
    ) -> Sequence[dict[str, Any]] | None:
        """Return the messages from a version to the list's; None where that is not known, or the whole list is shorter.

        What narrows the list comes first: a charger that gets no further has nobody on it who should not be.
        """
        if since == version.version:
            return ()
        base = None if since is None else await self._store.base(version.charger, since)
        if base is None or base[0].until != version.until:  # another end changes every entry
            return None
        before = await asyncio.to_thread(self._opened, *base, reader)
        found = None if before is None else changes(before, drawn.entries)
        if found is None or not 0 < len(found[0]) + len(found[1]) < len(drawn.entries):
            return None
        gone, fresh = found
        entries = [removed(reader.protocol, each) for each in gone]
        entries += [listed(reader.protocol, each, version.until) for each in fresh]
        return send_local_list(reader.protocol, version.version, entries, reader.traits, full=False)

    def _sealed(self, made: ListVersion, reader: Reader, drawn: LocalList) -> str:
        return self._seal.seal(json.dumps([reader.protocol, drawn.entries]), made.digest)

    def _opened(self, base: ListVersion, content: str, reader: Reader) -> list[Entry] | None:
        """Return what was on a list; None where that was written for another protocol, or under another secret."""
        text = self._seal.opened(content, base.digest)
        protocol, entries = (None, ()) if text is None else json.loads(text)
        return [Entry(*parts) for parts in entries] if protocol == reader.protocol else None


def _following(after: int, now: int, messages: int) -> int:
    """Return a version with room before it for as many messages, each of which has a version of its own.

    It follows the minute as well: a database that was restored comes to no version again that it had before.
    """
    return max(after, (now - _FIRST) // _MINUTE) + messages


def _listed(reader: Reader, drawn: LocalList) -> list[dict[str, Any]]:
    return [listed(reader.protocol, each, drawn.until) for each in drawn.entries]


def _whole(reader: Reader, version: int, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return send_local_list(reader.protocol, version, entries, reader.traits, full=True)


def _notes(entry: ChargerPlan, reader: Reader, drawn: LocalList) -> Iterator[str]:
    if LeftOut.OVER_CAPACITY in drawn.left_out:
        needed = drawn.left_out[LeftOut.OVER_CAPACITY]
        yield f"{needed} entries do not fit into {reader.most}: the list is empty, and the charger has to ask."
    if reader.assumed:
        yield f"The charger's protocol is not known; {reader.protocol} is assumed."
    if reader.traits.max_entries is None:
        yield f"The profile knows no limit of entries: up to {ASSUMED_MOST} are sent."
    if reader.traits.max_chunk is None:
        yield f"The profile knows no limit of a message: {ASSUMED_CHUNK} entries stand in each."
    if entry.policy is None:
        yield "No policy governs the charger: the setting UNGOVERNED says who is on the list."
    elif entry.policy.enforcement is Enforcement.OBSERVE:
        yield "The policy only observes: online, vehicles are allowed as well that no list can name."
