"""Leases in the database: what one process does at a time, over all workers and nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, not_, or_, select, update

from policy_service.adapters.sql import tables

if TYPE_CHECKING:
    from policy_service.adapters.sql.engine import Database

_TABLE = tables.leases
_CLOCKS_APART_MS = 60_000
"""Who has a lease for longer than that beyond what is asked for has a clock that is not to be believed."""


class SqlLeases:
    """Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Keep them in the database."""
        self._database = database

    async def take(self, name: str, holder: str, now: int, until: int) -> bool:
        """Take or prolong a lease; tell whether the holder has it, which it has not while another's is not over."""
        lasts = and_(_TABLE.c.until > now, _TABLE.c.until <= until + _CLOCKS_APART_MS)
        held = select(_TABLE.c.holder).where(_TABLE.c.name == name, _TABLE.c.holder != holder, lasts)
        async with self._database.reading() as connection:  # most processes only ever look
            if (await connection.execute(held)).scalar_one_or_none() is not None:
                return False
        fresh = self._database.insert(_TABLE).values(name=name, holder=holder, until=until)
        mine = or_(_TABLE.c.holder == holder, not_(lasts))
        taken = fresh.on_conflict_do_update(
            index_elements=["name"], set_={"holder": holder, "until": until}, where=mine
        )
        async with self._database.writing() as connection:
            return (await connection.execute(taken)).rowcount > 0

    async def prolong(self, name: str, holder: str, until: int) -> bool:
        """Prolong a lease, over or not; tell whether it is the holder's still, and has been nobody else's since."""
        mine = update(_TABLE).where(_TABLE.c.name == name, _TABLE.c.holder == holder).values(until=until)
        async with self._database.writing() as connection:
            return (await connection.execute(mine)).rowcount > 0

    async def release(self, name: str, holder: str) -> None:
        """Give a lease back; nothing happens where it is another's."""
        meant = and_(_TABLE.c.name == name, _TABLE.c.holder == holder)
        async with self._database.writing() as connection:
            await connection.execute(delete(_TABLE).where(meant))
