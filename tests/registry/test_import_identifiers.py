from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest
from fakes.levels import watch_over
from fakes.registry_stores import MemoryAgreements, MemoryIdentifiers
from fakes.stores import MemoryState, MemoryVersions

from policy_service.adapters.secret_fingerprints import SecretFingerprints
from policy_service.adapters.sql.engine import database_at
from policy_service.adapters.sql.identifiers import SqlIdentifiers
from policy_service.adapters.sql.schema import upgrade
from policy_service.adapters.sql.versions import SqlVersionStore
from policy_service.application.commands.edit_agreements import AgreementEdits
from policy_service.application.commands.edit_identifiers import IdentifierEdits
from policy_service.application.commands.import_agreements import ImportAgreements
from policy_service.application.commands.import_identifiers import ImportIdentifiers
from policy_service.application.imports import rows
from policy_service.application.imports.batches import ImportOptions
from policy_service.application.imports.fields import InvalidRecordError
from policy_service.application.imports.report import MAX_ERRORS, ImportReport
from policy_service.application.imports.rows import MAX_LINE, ImportFormat
from policy_service.application.lookup import Lookup
from policy_service.application.ports import ConflictError, ImportTooLossyError
from policy_service.application.queries.identifiers import IdentifierQueries
from policy_service.domain.access import VehicleClass
from policy_service.domain.identifier import IdentifierType
from policy_service.domain.policy import AttributeTypes
from policy_service.domain.selector import Selector

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

LOOKUP = Lookup(SecretFingerprints(b"secret"))
DECLARED = AttributeTypes(vehicle={"kind": "string", "height_m": "number", "electric": "boolean"})
DEMO = Path(__file__).parents[2] / "demo"


class House:
    """The commands over the fakes."""

    def __init__(self) -> None:
        """Start empty."""
        self.state = MemoryState()
        self.identifiers = MemoryIdentifiers(self.state)
        agreements = MemoryAgreements(self.state)
        watch = watch_over(MemoryVersions(self.state))
        self.import_ = ImportIdentifiers(self.identifiers, watch, LOOKUP, lambda: DECLARED)
        self.import_agreements = ImportAgreements(agreements, watch)
        self.edits = IdentifierEdits(self.identifiers, watch, LOOKUP, lambda: DECLARED)
        self.agreement_edits = AgreementEdits(agreements, watch)
        self.queries = IdentifierQueries(self.identifiers, LOOKUP)

    async def ndjson(self, *records: object, **options: object) -> ImportReport:
        text = "\n".join(json.dumps(record) if isinstance(record, dict) else record for record in records)
        return await self.import_(chunked(text.encode()), ImportOptions(**options))

    async def csv(self, text: str, **options: object) -> ImportReport:
        return await self.import_(chunked(text.encode()), ImportOptions(written=ImportFormat.CSV, **options))


async def chunked(body: bytes, size: int = 7) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def record(identifier: str = "04:A2:B3:C4", **changed: object) -> dict[str, Any]:
    return {"identifier": identifier, "type": "rfid", "class": "own", "vehicle": "bus", "fleet": "north", **changed}


async def test_a_whole_record_is_taken_in() -> None:
    house = House()
    report = await house.ndjson(
        record(
            type="mac",
            **{"class": "agreement"},
            agreement="metro",
            attributes={"kind": "bus", "height_m": 3, "electric": True},
            chargers={"ids": ["NTH-*"], "labels": {"depot": "north", "zone": ["a", "b"]}, "exclude": ["NTH-9"]},
            valid_from="2026-01-01T00:00Z",
            valid_to="2026-01-02T00:00:00+01:00",
            status="blocked",
        ),
        source="feed",
    )
    counts = {"import_id": None, "accepted": 1, "rejected": 0, "dropped": 0}
    assert report.as_json() == {**counts, "errors": [], "truncated": False}
    (stored,) = house.state.identifiers.values()
    assert (stored.key, stored.spelling, stored.source) == ("04A2B3C4", "04:A2:B3:C4", "feed")
    assert stored.attributes == {"kind": "bus", "height_m": 3.0, "electric": True}
    assert stored.chargers == Selector(("NTH-*",), (("depot", ("north",)), ("zone", ("a", "b"))), ("NTH-9",))
    assert (stored.valid_from, stored.valid_to) == (1_767_225_600, 1_767_308_400)


async def test_a_pin_is_stored_as_a_keyed_hash_alone() -> None:
    house = House()
    await house.ndjson(record("493817", type="pin"))
    (stored,) = house.state.identifiers.values()
    assert stored.key == LOOKUP.key("493817", IdentifierType.PIN)
    assert stored.spelling is None
    view = await house.queries.look_up("493817", "KeyCode")
    assert view is not None
    assert "493817" not in str(view)
    assert await house.queries.look_up("493817", "rfid") is None
    assert await house.queries.look_up("493817") == view


BAD: list[tuple[Any, list[str]]] = [
    ("[1]", [""]),
    ("{", [""]),
    ('{"a": NaN}', [""]),
    ('{"a": 1, "a": 2}', [""]),
    ("[" * 30_000, [""]),
    ("1" * 5_000, [""]),
    ({}, ["/type", "/identifier", "/class", "/vehicle", "/fleet"]),
    (record(identifier=7), ["/identifier"]),
    (record(identifier=""), ["/identifier"]),
    (record(identifier="x" * 256), ["/identifier"]),
    (record(identifier="secretid\u0007"), ["/identifier"]),
    (record(type="card", **{"class": "mine"}), ["/type", "/class"]),
    (record(**{"class": "unknown"}), ["/class"]),
    (record(**{"class": "agreement"}), ["/agreement"]),
    (record(agreement="metro"), ["/agreement"]),
    (record(vehicle="a\ud800"), ["/vehicle"]),
    (record(vehicle=""), ["/vehicle"]),
    (record(fleet=["x"]), ["/fleet"]),
    (record(vehicel="x"), ["/vehicel"]),
    (record(secretid=1, SECRETID=1, deadbeef=1), ["/secretid", "", ""]),
    (record(attributes={"kind": 3, "height_m": "high", "electric": 1, "hight_m": 2}), None),  # type: ignore[list-item]
    (record(attributes=[]), ["/attributes"]),
    (record(attributes={"height_m": True}), ["/attributes/height_m"]),
    ('{"identifier":"A","type":"rfid","class":"own","vehicle":"v","fleet":"f","attributes":{"height_m":1e999}}', None),
    (record(attributes={"height_m": 10**400}), ["/attributes/height_m"]),
    (record(chargers={"when": "true"}), ["/chargers/when"]),
    (record(chargers={}), ["/chargers"]),
    (record(chargers={"ids": "NTH-1"}), ["/chargers/ids"]),
    (record(chargers={"ids": [1], "labels": {"a": 2}}), ["/chargers/ids/0", "/chargers/labels/a"]),
    (record(valid_from="2026-01-01T00:00:00"), ["/valid_from"]),
    (record(valid_from=5, valid_to="soon"), ["/valid_from", "/valid_to"]),
    (record(valid_from="2026-01-02T00:00Z", valid_to="2026-01-02T00:00Z"), ["/valid_to"]),
    (record(status="lost"), ["/status"]),
    ("x" * (MAX_LINE + 1), [""]),
]


@pytest.mark.parametrize(("line", "pointers"), BAD)
async def test_a_bad_line_is_reported_with_all_its_faults(line: object, pointers: list[str] | None) -> None:
    house = House()
    report = await house.ndjson(record("A"), line, "", record("B"))
    assert (report.accepted, report.rejected) == (2, 1)
    assert {error.line for error in report.errors} == {2}
    if pointers is not None:
        assert [error.pointer for error in report.errors] == pointers
    assert "secretid" not in "".join(error.detail for error in report.errors)


async def test_bytes_that_are_no_text_spoil_their_line_alone() -> None:
    house = House()
    body = b"\xef\xbb\xbf" + json.dumps(record("A")).encode() + b"\r\n\xff\xfe\n" + json.dumps(record("B")).encode()
    report = await house.import_(chunked(body), ImportOptions())
    assert (report.accepted, [error.line for error in report.errors]) == (2, [2])


async def test_a_twin_is_a_conflict_with_its_line() -> None:
    report = await House().ndjson(record("aa:bb:cc:dd"), "", record("AABBCCDD", type="mac"))
    assert [(error.line, error.pointer) for error in report.errors] == [(3, "/identifier")]
    assert "AABBCCDD" not in report.errors[0].detail


async def test_an_atomic_import_is_all_or_nothing() -> None:
    house = House()
    report = await house.ndjson(record("A"), record("B", status="x"), atomic=True)
    assert (report.refused, report.accepted, report.rejected) == (True, 0, 1)
    assert not house.state.identifiers
    assert (await house.ndjson(record("A"), atomic=True)).accepted == 1


async def test_a_replace_drops_and_refuses_to_drop_too_much() -> None:
    house = House()
    await house.ndjson(*(record(f"K{number}") for number in range(10)), source="feed")
    await house.ndjson(record("K0", vehicle="other"), source="other")
    report = await house.ndjson(*(record(f"K{number}") for number in range(8)), source="feed", replace=True)
    assert (report.accepted, report.dropped) == (8, 2)
    with pytest.raises(ImportTooLossyError):
        await house.ndjson(record("K0"), record("new"), source="feed", replace=True)
    assert len(house.state.identifiers) == 9
    assert (await house.ndjson(source="feed", replace=True, force=True)).dropped == 8


async def test_errors_are_reported_to_a_bound() -> None:
    report = await House().ndjson(*["?"] * (MAX_ERRORS + 5))
    assert (len(report.errors), report.truncated, report.rejected) == (MAX_ERRORS, True, MAX_ERRORS + 5)


async def test_csv_knows_tables_lists_and_types() -> None:
    house = House()
    report = await house.csv(
        "identifier,type,class,vehicle,fleet,agreement,attributes.height_m,attributes.electric,chargers.ids,chargers.labels.depot\r\n"
        'A,rfid,own,"bus, old",north,,3.2,true,NTH-*; STH-1,\r\n'
        "B,rfid,agreement,bus,north,metro,,,,north;south\r\n"
        "C,rfid,own,bus,north,,high,maybe,,\r\n"
        'D,rfid,own,"bus,north,,,,,\r\n'
        "E,rfid\r\n"
        "F,rfid,own,bus,north,,,,,\r\n"
    )
    a, b, f = sorted(house.state.identifiers.values(), key=lambda stored: stored.key)
    assert (a.vehicle, a.attributes, a.chargers) == (
        "bus, old",
        {"height_m": 3.2, "electric": True},
        Selector(("NTH-*", "STH-1")),
    )
    assert (b.vehicle_class, b.chargers) == (VehicleClass.AGREEMENT, Selector(labels=(("depot", ("north", "south")),)))
    assert (f.attributes, f.chargers) == ({}, None)
    assert [(error.line, error.pointer) for error in sorted(report.errors)] == [
        (4, "/attributes/electric"),
        (4, "/attributes/height_m"),
        (5, ""),
        (6, ""),
    ]


@pytest.mark.parametrize(
    ("cell", "height"),
    [("3", 3.0), (" 3.5 ", 3.5), ("+.5", 0.5), ("3e0", 3.0)]
    + [(cell, None) for cell in ("1_0", "inf", "nan", "\uff13", "3;2", "0x3", "1e999")],
)
async def test_a_number_of_csv_is_one_elsewhere_too(cell: str, height: float | None) -> None:
    house = House()
    report = await house.csv(f"identifier,type,class,vehicle,fleet,attributes.height_m\nA,rfid,own,bus,north,{cell}\n")
    assert [error.pointer for error in report.errors] == ([] if height else ["/attributes/height_m"])
    found = [stored.attributes for stored in house.state.identifiers.values()]
    assert found == ([{"height_m": height}] if height else [])


@pytest.mark.parametrize(
    "header",
    ["identifier,secretid", "identifier,identifier", "identifier,labels.x", "attributes", 'a"b"', "attributes.", "x,"],
)
async def test_a_csv_header_at_fault_refuses_the_whole(header: str) -> None:
    house = House()
    report = await house.csv(f"{header}\nA,B\n")
    assert report.refused
    assert not house.state.identifiers
    assert report.errors
    assert "secretid" not in str(report.errors)


@pytest.mark.parametrize("source", ["", "a b", "a/b", "x" * 65, "é"])
def test_a_source_is_one_word(source: str) -> None:
    with pytest.raises(ValueError, match="a source is"):
        ImportOptions(source)


async def test_a_record_can_be_blocked_without_knowing_its_identifier() -> None:
    house = House()
    await house.ndjson(record("A"), source="feed")
    (stored,) = house.state.identifiers.values()
    body = record(status="blocked")
    del body["identifier"]
    changed, created = await house.edits.put(stored.id, body)
    assert (changed.key, changed.source, changed.status, created) == ("A", "feed", "blocked", False)
    with pytest.raises(InvalidRecordError):
        await house.edits.put(stored.id, {**body, "type": "pin"})
    with pytest.raises(InvalidRecordError):
        await house.edits.put("1" * 32, body)
    with pytest.raises(InvalidRecordError):
        await house.edits.put("my-own-id", record("B"))
    assert (await house.edits.put(None, record("B")))[1]
    with pytest.raises(ConflictError):
        await house.edits.put(None, record("B"))
    assert await house.edits.delete(stored.id)


async def test_agreements_are_imported_and_edited() -> None:
    house = House()
    body = b'{"agreement": "m", "fleet": "f", "chargers": {"ids": ["N*"]}}\n{"agreement": "n", "flet": "f"}\n'
    report = await house.import_agreements(chunked(body), ImportOptions(source="feed"))
    assert (report.accepted, [error.pointer for error in report.errors]) == (1, ["/fleet", "/flet"])
    changed, created = await house.agreement_edits.put("m", {"fleet": "f", "status": "suspended"})
    assert (changed.source, changed.chargers, created) == ("feed", None, False)
    with pytest.raises(InvalidRecordError):
        await house.agreement_edits.put("m", {"agreement": "n", "fleet": "f"})
    assert await house.agreement_edits.delete("m")


async def test_the_demo_is_taken_in_whole() -> None:
    house = House()
    for name, command in (("agreements", house.import_agreements), ("identifiers", house.import_)):
        report = await command(chunked((DEMO / f"{name}.ndjson").read_bytes(), 4096), ImportOptions())
        assert report.accepted > 3
        assert report.errors == []


async def test_many_records_are_taken_in_at_once_in_little_memory(tmp_path: Path) -> None:
    count = 50_000

    async def upload() -> AsyncIterator[bytes]:
        for start in range(0, count, 500):
            lines = [json.dumps(record(f"K{number}")) for number in range(start, start + 500)]
            yield ("\n".join(lines) + "\n").encode()

    database = database_at(f"sqlite:///{tmp_path}/state.db")
    await upgrade(database)
    identifiers = SqlIdentifiers(database)
    command = ImportIdentifiers(identifiers, watch_over(SqlVersionStore(database)), LOOKUP, lambda: DECLARED)
    begun = perf_counter()
    report = await command(upload(), ImportOptions(source="feed", replace=True))
    took = perf_counter() - begun
    assert report.accepted == count
    assert took < 60
    tracemalloc.start()
    await command(upload_few(), ImportOptions(source="other"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000
    await database.close()


async def upload_few() -> AsyncIterator[bytes]:
    for start in range(0, 10_000, 100):
        yield "".join(json.dumps(record(f"K{number}")) + "\n" for number in range(start, start + 100)).encode()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("written", list(ImportFormat))
async def test_blank_lines_are_counted_and_looked_at_by_no_reader(
    end: str, written: ImportFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[bytes] = []
    decoded = rows._decoded  # noqa: SLF001 - what every reader that is slow begins with

    def noted(line: bytes) -> str | None:
        looked_at.append(line)
        return decoded(line)

    monkeypatch.setattr(rows, "_decoded", noted)
    house, head = House(), "identifier,type,class,vehicle,fleet" if written is ImportFormat.CSV else ""
    text = end.join([head, "", "", "no record", "", "", ""])
    report = await house.import_(chunked(text.encode()), ImportOptions(written=written))
    assert [error.line for error in report.errors] == [4]
    assert [line.strip() for line in looked_at] == [each for each in (head.encode(), b"no record") if each]
