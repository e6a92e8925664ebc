"""Overrides made over HTTP, in the database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, or_, select, update

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.cursors import decode_cursor, decode_number, encode_cursor
from policy_service.adapters.sql.versions import OVERRIDES, ahead, bump
from policy_service.application import selector_json as selectors
from policy_service.application.ports import Page
from policy_service.application.views import grant_view, selector_view
from policy_service.domain.access import AccessMode, VehicleClass
from policy_service.domain.made_override import MadeOverride
from policy_service.domain.policy import Grant
from policy_service.domain.selector import Expression

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement

    from policy_service.adapters.sql.engine import Database
    from policy_service.domain.selector import Selector

_TABLE = tables.overrides


class SqlOverrides:
    """The override repository. Every method raises StoreUnavailableError."""

    def __init__(self, database: Database) -> None:
        """Store in the database."""
        self._database = database

    async def standing(self, now: int) -> Sequence[MadeOverride]:
        """Return those that are neither ended nor over, in the order made."""
        wanted = select(_TABLE).where(_stands(now)).order_by(_TABLE.c.serial)
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
        return [override_of(dict(row)) for row in rows]

    async def get(self, override_id: str) -> MadeOverride | None:
        """Return one override, over or not."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(_TABLE).where(_TABLE.c.id == override_id))
            row = found.mappings().one_or_none()
        return None if row is None else override_of(dict(row))

    async def page(self, *, limit: int, cursor: str | None, now: int, ended: bool) -> Page[MadeOverride]:
        """Return overrides, the latest made first; ``ended`` adds those that are ended or over. Raises CursorError."""
        wanted = select(_TABLE).order_by(_TABLE.c.serial.desc()).limit(limit + 1)
        if cursor is not None:
            wanted = wanted.where(_TABLE.c.serial < _serial(cursor))
        if not ended:
            wanted = wanted.where(_stands(now))
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).mappings().all()
        items = [override_of(dict(row)) for row in rows[:limit]]
        return Page(items, encode_cursor(str(items[-1].serial)) if len(rows) > limit else None)

    async def count_standing(self, now: int) -> int:
        """Return how many are neither ended nor over."""
        counted = select(func.count()).select_from(_TABLE).where(_stands(now))
        async with self._database.reading() as connection:
            return (await connection.execute(counted)).scalar_one()

    async def add(self, override: MadeOverride, *, forget: int) -> MadeOverride:
        """Store an override and return it with its serial; drop those that were over before ``forget``."""
        counter = tables.versions
        async with self._database.writing() as connection:
            # The counter's row is locked from here to the end: serials are in the order of commits.
            await bump(connection, OVERRIDES)
            counted = await connection.execute(select(counter.c.value).where(counter.c.name == OVERRIDES))
            stored = replace(override, serial=counted.scalar_one())
            before = forget - await ahead(connection, override.created_at)
            await connection.execute(delete(_TABLE).where(or_(_TABLE.c.valid_to < before, _TABLE.c.ended_at < before)))
            await connection.execute(insert(_TABLE).values(override_row(stored)))
        return stored

    async def end(self, override_id: str, at: int, by: str | None) -> MadeOverride | None:
        """End an override unless it is over; return it as it then is, None where there is none."""
        ending = update(_TABLE).where(and_(_TABLE.c.id == override_id, _stands(at)))
        async with self._database.writing() as connection:
            changed = await connection.execute(ending.values(ended_at=at, ended_by=by))
            if changed.rowcount:
                await bump(connection, OVERRIDES)
        return await self.get(override_id)


def _stands(now: int) -> ColumnElement[bool]:
    return and_(_TABLE.c.ended_at.is_(None), _TABLE.c.valid_to > now)


def _serial(cursor: str) -> int:
    (serial,) = decode_cursor(cursor, 1)
    return decode_number(serial)


def override_row(override: MadeOverride) -> dict[str, Any]:
    """Return the override as a row, of values that JSON has."""
    return {
        "id": override.id,
        "serial": override.serial,
        "chargers": selector_view(override.chargers),
        "valid_from": override.start,
        "valid_to": override.end,
        "mode": str(override.mode),
        "allow": None if override.allow is None else [grant_view(grant) for grant in override.allow],
        "force": override.force,
        "reason": override.reason,
        "message": None if override.message is None else dict(override.message),
        "created_at": override.created_at,
        "created_by": override.created_by,
        "ended_at": override.ended_at,
        "ended_by": override.ended_by,
    }


def override_of(row: Mapping[str, Any]) -> MadeOverride:
    """Read a row."""
    return MadeOverride(
        id=row["id"],
        serial=row["serial"],
        chargers=_selector(row["chargers"]),
        start=row["valid_from"],
        end=row["valid_to"],
        mode=AccessMode(row["mode"]),
        allow=None if row["allow"] is None else tuple(_grant(written) for written in row["allow"]),
        force=row["force"],
        reason=row["reason"],
        message=None if row["message"] is None else tuple(sorted(row["message"].items())),
        created_at=row["created_at"],
        created_by=row["created_by"],
        ended_at=row["ended_at"],
        ended_by=row["ended_by"],
    )


def _selector(written: Mapping[str, Any]) -> Selector:
    selector = selectors.of_json(written)
    return replace(selector, when=_expression(written.get("when")))


def _grant(written: Mapping[str, Any]) -> Grant:
    agreements = written.get("agreements")
    return Grant(
        VehicleClass(written["class"]),
        None if agreements is None else tuple(agreements),
        tuple(written.get("exclude_agreements", ())),
        _expression(written.get("when")),
    )


def _expression(text: str | None) -> Expression | None:
    return None if text is None else Expression(text)
