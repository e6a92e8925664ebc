"""How much of a revision is stored when little of it is new."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from policy_service.adapters.sql import tables
from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.policy_archive import SqlPlanArchive
from policy_service.adapters.sql.schema import upgrade
from policy_service.application.ports import PlanOrigin
from policy_service.domain.access import Ungoverned
from policy_service.domain.charger import Charger

pytestmark = pytest.mark.anyio

CHARGERS = {f"C-{number}": Charger(f"C-{number}", {"depot": f"d{number % 7}"}) for number in range(3_000)}


async def test_a_change_of_one_charger_or_file_adds_a_piece_and_a_list(url: str) -> None:
    database = database_at(url)
    await upgrade(database)
    archive = SqlPlanArchive(database)

    async def pieces() -> int:
        async with database.reading() as connection:
            return (await connection.execute(select(func.count()).select_from(tables.policy_contents))).scalar_one()

    def origin(**changed: object) -> PlanOrigin:
        values = {"files": {f"p{number}": b"%d" % number for number in range(20)}, "chargers": CHARGERS, **changed}
        return PlanOrigin(**values, overrides=(), ungoverned=Ungoverned.DENY, tzdata="", holidays="")  # type: ignore[arg-type]

    await archive.keep("r0", origin(), 1)
    first = await pieces()
    await archive.keep("r1", origin(chargers={**CHARGERS, "C-5": Charger("C-5", {"depot": "moved"})}), 2)
    assert await pieces() == first + 2
    await archive.keep("r2", origin(files={f"p{number}": b"%d" % max(number, 1) for number in range(20)}), 3)
    assert await pieces() == first + 3  # the content of `p1` is there already
    await archive.drop_before(3)
    assert await pieces() == first - 1  # nobody has `0` any more
    await archive.drop_before(4)
    assert await pieces() == 0
    await database.close()
