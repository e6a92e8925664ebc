"""Written inventories, charger profiles and policy tests, turned into the domain's nouns; attributes stay text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.domain.access import VehicleClass
from policy_service.domain.charger import Charger
from policy_service.domain.charger_profile import (
    ChargerProfile,
    DenialSignal,
    FreevendSwitch,
    LocalListTraits,
    ModelPattern,
    Setting,
    sent_in_freevend,
)
from policy_service.domain.instant import format_instant
from policy_service.domain.place import Place
from policy_service.domain.policy import PolicyTest, TestCase, TestVehicle, WallInstant
from policy_service.language.convert import name_place
from policy_service.language.parsed import Mention, WrittenAttribute
from policy_service.language.tree import At, ListNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policy_service.language.document_records import (
        CaseParts,
        ChargerParts,
        DenialParts,
        FreevendParts,
        IdentifyParts,
        LocalListParts,
        PolicyTestDocument,
        ProfileDocument,
        SettingParts,
        VehicleParts,
    )

UNKNOWN = "unknown"
"""The vehicle of a test that is anybody."""


_CHARGERS = ("spec", "chargers")


def chargers(written: Sequence[ChargerParts | None], at: At) -> tuple[Charger, ...]:
    """Return an inventory's chargers; equal labels and attributes are one object, for there are many of them.

    None stands for a charger that has a mistake, so that the others keep their places.
    """
    node = at.follow(_CHARGERS).node
    items = node.items if isinstance(node, ListNode) else []
    shared: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
    profiles: dict[str, str] = {}
    return tuple(
        Charger(
            parts.id,
            shared.setdefault(tuple(parts.labels.items()), parts.labels),
            shared.setdefault(tuple(parts.attributes.items()), parts.attributes),
            parts.protocol,
            None if parts.profile is None else profiles.setdefault(parts.profile, parts.profile),
            tuple(parts.synthetic_ids),
            Place(at.file, item.line, item.column),
        )
        for parts, item in zip(written, items, strict=True)
        if parts is not None
    )


def inventory_attributes(written: Sequence[ChargerParts | None], at: At) -> Iterator[WrittenAttribute]:
    """Return each distinct attribute value of an inventory where it is first used."""
    here = at.follow(_CHARGERS)
    seen: set[tuple[str, str]] = set()
    for index, parts in enumerate(written):
        for pair in () if parts is None else parts.attributes.items():
            if pair not in seen:
                seen.add(pair)
                yield _attribute("charger", pair, here.follow((index, "attributes")))


def inventory_mentions(written: Sequence[ChargerParts | None], at: At) -> Iterator[Mention]:
    """Return each profile that an inventory names, where it is first named."""
    here = at.follow(_CHARGERS)
    seen: set[str] = set()
    for index, parts in enumerate(written):
        if parts is not None and parts.profile is not None and parts.profile not in seen:
            seen.add(parts.profile)
            place = here.follow((index, "profile")).text_place
            yield Mention("ChargerProfile", parts.profile, place, len(parts.profile))


def _attribute(subject: str, pair: tuple[str, str], at: At) -> WrittenAttribute:
    value = at.follow((pair[0],))
    return WrittenAttribute(subject, *pair, value.place, value.length)


def profile(document: ProfileDocument, at: At) -> ChargerProfile:
    """Return the charger profile that a document writes."""
    spec = document.spec
    switches = tuple(map(_switch, spec.freevend or ()))
    return ChargerProfile(
        name=document.metadata.name,
        title=document.metadata.title,
        protocols=tuple(spec.protocols),
        switches=switches,
        synthetic_ids=sent_in_freevend(switches),
        denial=DenialSignal() if spec.denial is None else _signal(spec.denial),
        local_list=LocalListTraits() if spec.local_list is None else _traits(spec.local_list),
        statuses=tuple((str(reason), status) for reason, status in spec.statuses.items()),
        offline=tuple(map(_setting, spec.offline)),
        on_breach=spec.on_breach,
        identify=ModelPattern() if spec.identify is None else _pattern(spec.identify),
        notes=tuple(spec.notes),
        source=spec.source,
        confidence=spec.confidence,
        place=name_place(at),
    )


def _traits(parts: LocalListParts) -> LocalListTraits:
    return LocalListTraits(parts.max_entries, parts.max_chunk, parts.max_bytes, parts.spelling)


def _signal(parts: DenialParts) -> DenialSignal:
    return DenialSignal(
        parts.display_text,
        parts.max_chars,
        tuple(parts.formats),
        tuple(parts.languages),
        parts.led,
        parts.buzzer,
        parts.undocumented,
        parts.shows,
    )


def _pattern(parts: IdentifyParts) -> ModelPattern:
    return ModelPattern(tuple(parts.keys), parts.vendor, parts.model, parts.otherwise)


def _setting(parts: SettingParts) -> Setting:
    return Setting(parts.key, parts.value, parts.component)


def _switch(parts: FreevendParts) -> FreevendSwitch:
    return FreevendSwitch(
        parts.key,
        parts.on,
        parts.off,
        parts.component,
        parts.id_tag_key,
        parts.id_tag,
        parts.synthetic_id,
        tuple(map(_setting, parts.requires)),
        parts.read_back,
        parts.clear_cache,
        parts.reboot,
    )


def policy_test(document: PolicyTestDocument, at: At) -> PolicyTest:
    """Return the policy test that a document writes, one case for each instant."""
    spec = document.spec
    vehicles = {name: _vehicle(name, parts) for name, parts in spec.vehicles.items()}
    here = at.follow(("spec",))
    pairs = zip(spec.cases, here.values("cases"), strict=True)
    cases = tuple(
        case for parts, inner in pairs for case in _cases(parts, vehicles.get(parts.vehicle), spec.now, inner)
    )
    return PolicyTest(document.metadata.name, cases, spec.now, name_place(at))


def test_attributes(document: PolicyTestDocument, at: At) -> Iterator[WrittenAttribute]:
    """Return every attribute of a test's vehicles."""
    for name, parts in document.spec.vehicles.items():
        here = at.follow(("spec", "vehicles", name, "attributes"))
        yield from (_attribute("vehicle", pair, here) for pair in parts.attributes.items())


def _vehicle(name: str, parts: VehicleParts) -> TestVehicle:
    return TestVehicle(name, VehicleClass(parts.vehicle_class), parts.agreement, parts.fleet, parts.attributes)


def _cases(parts: CaseParts, vehicle: TestVehicle | None, now: int | None, at: At) -> Iterator[TestCase]:
    expect = {
        key: None if value is None else str(value) for key, value in parts.expect.model_dump(exclude_unset=True).items()
    }
    if parts.each is None:
        instants = [(parts.name, now if parts.at is None else parts.at, at)]
    else:
        places = at.values("each")
        instants = [(f"{parts.name} [{_moment(moment)}]", moment, next(places, at)) for moment in parts.each]
    for name, moment, place in instants:
        if moment is not None:
            yield TestCase(name, parts.charger, vehicle, moment, expect, place.place)


def _moment(moment: int | WallInstant) -> str:
    if isinstance(moment, int):
        return format_instant(moment)
    minutes, seconds = divmod(moment.second, 60)
    return f"{moment.day.isoformat()}T{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
