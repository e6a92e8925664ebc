"""What the plans of old revisions were made of, in the database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.overrides import override_of, override_row
from policy_service.adapters.sql.policy_pieces import mentioned, pack, unpack_chargers, unpack_files
from policy_service.application.ports import PlanOrigin
from policy_service.domain.access import Ungoverned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from policy_service.adapters.sql.engine import Database
    from policy_service.adapters.sql.policy_pieces import Packed

_REVISIONS, _CONTENTS = tables.policy_revisions, tables.policy_contents
_ALONE = "policy archive"
_AT_ONCE = 500


class SqlPlanArchive:
    """The archive. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Keep in the database."""
        self._database = database

    async def keep(self, revision: str, origin: PlanOrigin, at: int) -> None:
        """Keep a revision that is in force at an instant, in epoch seconds; one that is kept is noted as in force."""
        noted = update(_REVISIONS).where(_REVISIONS.c.revision == revision).values(seen_at=at)
        async with self._database.writing() as connection:
            if (await connection.execute(noted)).rowcount:
                return
        packed = await asyncio.to_thread(pack, origin)
        row = _row(revision, origin, packed, at)
        async with self._database.writing() as connection:
            await self._database.technology.alone(connection, _ALONE)
            await self._add(connection, packed.pieces)
            await connection.execute(self._database.insert(_REVISIONS).values(row).on_conflict_do_nothing())

    async def origin(self, revision: str) -> PlanOrigin | None:
        """Return what a revision was made of; None for one that is not kept, or not any more."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_REVISIONS).where(_REVISIONS.c.revision == revision))
            row = found.mappings().one_or_none()
            if row is None:
                return None
            pieces = await self._pieces(connection, (row["files"], row["chargers"]))
        try:
            return await asyncio.to_thread(_origin, dict(row), pieces)
        except KeyError:  # dropped between two looks
            return None

    async def drop_before(self, at: int) -> int:
        """Drop the revisions that were last noted as in force before an instant, and return how many."""
        async with self._database.writing() as connection:
            await self._database.technology.alone(connection, _ALONE)
            dropped = await connection.execute(delete(_REVISIONS).where(_REVISIONS.c.seen_at < at))
            if dropped.rowcount:
                await self._sweep(connection)
        return dropped.rowcount

    async def _add(self, connection: AsyncConnection, pieces: Mapping[str, bytes]) -> None:
        known: set[str] = set()
        for some in _portions(sorted(pieces)):
            wanted = select(_CONTENTS.c.digest).where(self._database.technology.among(_CONTENTS.c.digest, some))
            known |= set((await connection.execute(wanted)).scalars())
        rows = [{"digest": digest, "content": pieces[digest]} for digest in sorted(pieces) if digest not in known]
        if rows:
            await connection.execute(self._database.insert(_CONTENTS).on_conflict_do_nothing(), rows)

    async def _pieces(self, connection: AsyncConnection, lists: Sequence[str]) -> Mapping[str, bytes]:
        """Return lists by their digests, and the pieces that they mention."""
        found = await self._contents(connection, lists)
        digests = sorted({digest for content in found.values() for digest in mentioned(content)})
        return {**found, **await self._contents(connection, digests)}

    async def _contents(self, connection: AsyncConnection, digests: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for some in _portions(digests):
            wanted = select(_CONTENTS).where(self._database.technology.among(_CONTENTS.c.digest, some))
            found |= {row.digest: row.content for row in await connection.execute(wanted)}
        return found

    async def _sweep(self, connection: AsyncConnection) -> None:
        """Delete the pieces that no revision has any more."""
        kept = (await connection.execute(select(_REVISIONS.c.files, _REVISIONS.c.chargers).distinct())).all()
        lists = sorted({digest for row in kept for digest in row})
        needed = set(lists)
        for content in (await self._contents(connection, lists)).values():
            needed.update(mentioned(content))
        there = (await connection.execute(select(_CONTENTS.c.digest))).scalars().all()
        for some in _portions([digest for digest in there if digest not in needed]):
            unneeded = self._database.technology.among(_CONTENTS.c.digest, some)
            await connection.execute(delete(_CONTENTS).where(unneeded))


def _row(revision: str, origin: PlanOrigin, packed: Packed, at: int) -> dict[str, Any]:
    return {
        "revision": revision,
        "files": packed.files,
        "chargers": packed.chargers,
        "overrides": [override_row(each) for each in origin.overrides],
        "ungoverned": str(origin.ungoverned),
        "tzdata": origin.tzdata,
        "holidays": origin.holidays,
        "in_force_at": at,
        "seen_at": at,
    }


def _origin(row: Mapping[str, Any], pieces: Mapping[str, bytes]) -> PlanOrigin:
    return PlanOrigin(
        files=unpack_files(row["files"], pieces.__getitem__),
        chargers=unpack_chargers(row["chargers"], pieces.__getitem__),
        overrides=tuple(override_of(each) for each in row["overrides"]),
        ungoverned=Ungoverned(row["ungoverned"]),
        tzdata=row["tzdata"],
        holidays=row["holidays"],
    )


def _portions(digests: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(digests), _AT_ONCE):
        yield digests[start : start + _AT_ONCE]
