from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from fakes.levels import watch_over
from fakes.registry_stores import MemoryChargers
from fakes.stores import MemoryState, MemoryVersions

from policy_service.application.commands.import_chargers import ChargerCommands, ChargersNotAdmittedError
from policy_service.application.imports.batches import ImportOptions
from policy_service.application.imports.fields import InvalidRecordError
from policy_service.application.imports.rows import ImportFormat
from policy_service.application.ports import ConflictError, ImportTooLossyError
from policy_service.domain.charger import Charger
from policy_service.domain.policy import AttributeTypes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from policy_service.application.imports.report import ImportReport

pytestmark = pytest.mark.anyio


class House:
    """The commands over the fake; a charger named `FILE` belongs to a policy file."""

    def __init__(self) -> None:
        """Start empty."""
        self.state = MemoryState()
        declared = AttributeTypes(charger={"max_kw": "number"})
        self.commands = ChargerCommands(
            MemoryChargers(self.state), watch_over(MemoryVersions(self.state)), lambda: declared, self._admit
        )

    async def _admit(self, then: Mapping[str, Charger]) -> Sequence[str]:
        return ["`FILE` belongs to a file"] if "FILE" in then else []

    async def import_(self, *records: object, **options: object) -> ImportReport:
        return await self.commands.import_(_upload("\n".join(map(json.dumps, records))), ImportOptions(**options))


async def _upload(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


async def test_chargers_are_taken_in() -> None:
    house = House()
    full = {
        "id": "N-1",
        "labels": {"depot": "north"},
        "attributes": {"max_kw": 150},
        "protocol": "ocpp1.6",
        "profile": "abb",
        "synthetic_ids": ["a0:00:00:00"],
    }
    report = await house.import_(
        full, {"id": "N-1"}, {"id": "n-1"}, {"id": "x", "protocol": "ocpp3", "labels": {"a": 1}}
    )
    assert (report.accepted, report.rejected) == (2, 2)
    assert [(error.line, error.pointer) for error in sorted(report.errors)] == [
        (2, "/id"),
        (4, "/labels/a"),
        (4, "/protocol"),
    ]
    assert house.state.chargers["N-1"] == Charger(
        "N-1", {"depot": "north"}, {"max_kw": 150.0}, "ocpp1.6", "abb", ("A0000000",), source="http"
    )


async def test_a_label_that_cannot_be_one_is_refused() -> None:
    report = await House().import_({"id": "A", "labels": {"\ud800": "x"}}, {"id": "B", "labels": {"": "x"}})
    assert [error.pointer for error in report.errors] == ["/labels", "/labels"]


async def test_csv_is_taken_in() -> None:
    house = House()
    text = "id,labels.depot,attributes.max_kw,synthetic_ids\nN-1,north,50,A;B\nN-2,,,\n"
    report = await house.commands.import_(_upload(text), ImportOptions(written=ImportFormat.CSV))
    assert report.accepted == 2
    assert house.state.chargers["N-1"] == Charger(
        "N-1", {"depot": "north"}, {"max_kw": 50.0}, synthetic_ids=("A", "B"), source="http"
    )


async def test_what_contradicts_policy_files_changes_nothing() -> None:
    house = House()
    with pytest.raises(ChargersNotAdmittedError) as caught:
        await house.import_({"id": "A"}, {"id": "FILE"})
    assert caught.value.problems == ["`FILE` belongs to a file"]
    with pytest.raises(ChargersNotAdmittedError):
        await house.commands.put("FILE", {})
    assert not house.state.chargers


async def test_replace_and_atomic() -> None:
    house = House()
    await house.import_(*({"id": f"C{number}"} for number in range(5)))
    assert (await house.import_({"id": "new"}, {"id": 1}, atomic=True)).refused
    with pytest.raises(ImportTooLossyError):
        await house.import_({"id": "C0"}, replace=True)
    assert len(house.state.chargers) == 5
    assert (await house.import_(*({"id": f"C{number}"} for number in range(4)), replace=True)).dropped == 1
    assert set(house.state.chargers) == {"C0", "C1", "C2", "C3"}


async def test_single_chargers_are_put_and_deleted() -> None:
    house = House()
    assert await house.commands.put("A", {"labels": {"x": "y"}}) == Charger("A", {"x": "y"}, source="http")
    with pytest.raises(InvalidRecordError):
        await house.commands.put("A", {"id": "B"})
    assert await house.commands.delete("A")
    assert not await house.commands.delete("A")


@pytest.mark.parametrize(
    ("listed", "refused"), [(["B"], None), (["A", "B"], "^`A` belongs to another source")], ids=["left", "listed"]
)
async def test_what_another_source_brings_during_an_upload_stays_its_own(
    listed: list[str], refused: str | None
) -> None:
    house = House()
    await house.import_({"id": "A"}, {"id": "B"}, source="yard")

    async def upload() -> AsyncIterator[bytes]:
        await house.commands.delete("A")
        await house.import_({"id": "A", "profile": "abb"}, source="office")
        yield "\n".join(json.dumps({"id": each}) for each in listed).encode()

    importing = house.commands.import_(upload(), ImportOptions(source="yard", replace=True, force=True))
    with nullcontext() if refused is None else pytest.raises(ConflictError, match=refused):
        await importing
    assert house.state.chargers["A"] == Charger("A", profile="abb", source="office")
    assert house.state.chargers["B"].source == "yard"
