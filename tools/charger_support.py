# ruff: noqa: INP001 - beside a script, not in a package
"""Write docs/charger-support.md from the built-in profiles: what is known of each model, and how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy_service.bootstrap import offline
from policy_service.domain.access import AccessMode
from policy_service.domain.charger_profile import UNKNOWN_MODEL
from policy_service.entrypoints.cli.profile_text import denial_text, list_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from policy_service.domain.charger_profile import ChargerProfile, FreevendSwitch

FILE = "charger-support.md"

_HEAD = """# Charger support

What the built-in [charger profiles](policy-guide.md#charger-profiles) know of each model. This page is made from their
data by `make generate`. **Every profile is verified against simulators only**: read back what was switched, and see a
charger of yours do it once, before a depot relies on it. A profile of your own takes the place of a built-in one.

Confidence: `documented`, the maker's public documentation says so; `source_code`, the published code does; `reported`,
it is said in public, and the maker's own words on it were not seen; `none`, nothing public was found.

## Models that can be switched

`policy-service charger-profiles identify` names the profile of a charger from what it answers to GetConfiguration.
A token that is written goes with the switch; one that the charger's record lists goes in its place. Tokens stand here
in the form under which they are matched.
"""

_FALLBACK = """
## Models without a public switch

They stay in managed mode and ask always; while the schedule says freevend, the service accepts everybody
(`accept_all_in_freevend`). Offline they let in nobody but whom their list holds.
"""

_SOURCES = """
## Sources and notes
"""


def charger_support() -> str:
    """Return the page."""
    profiles = sorted(offline().profiles.profiles.values(), key=lambda each: (each.name == UNKNOWN_MODEL, each.name))
    switched = [profile for profile in profiles if profile.switches]
    others = [profile for profile in profiles if not profile.switches]
    return "\n".join((_HEAD, *_switched(switched), _FALLBACK, *_others(others), _SOURCES, *_sources(profiles))) + "\n"


def _switched(profiles: Sequence[ChargerProfile]) -> Iterator[str]:
    heads = ("profile", "model", "OCPP", "switch", "freevend", "managed", "token in freevend", "read-back")
    yield from _table((*heads, "denial", "local list", "confidence"), map(_switched_row, profiles))


def _switched_row(profile: ChargerProfile) -> tuple[str, ...]:
    switches = profile.switches
    return (
        f"`{profile.name}`",
        profile.title or "",
        ", ".join(each.removeprefix("ocpp") for each in profile.protocols),
        _each(f"`{switch.setting(AccessMode.FREEVEND).name}`" for switch in switches) + _required(switches),
        _each(_value(switch.on) for switch in switches),
        _each(_value(switch.off) for switch in switches),
        _each(_token(switch) for switch in switches),
        _each("yes" if switch.read_back else "no" for switch in switches),
        denial_text(profile.denial),
        list_text(profile),
        profile.confidence or "",
    )


def _required(switches: Sequence[FreevendSwitch]) -> str:
    return "".join(f", with `{each.name}={each.value}`" for switch in switches for each in switch.requires)


def _token(switch: FreevendSwitch) -> str:
    if switch.id_tag is not None:
        return f"`{switch.id_tag}`, written to `{switch.id_tag_key}`"
    kept = "" if switch.id_tag_key is None else f" in `{switch.id_tag_key}`"
    return f"`{switch.synthetic_id}`{kept}" if switch.synthetic_id else f"not fixed{kept}"


def _value(value: str) -> str:
    return f"`{value}`" if value else '`""`'


def _each(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))


def _others(profiles: Sequence[ChargerProfile]) -> Iterator[str]:
    rows = (
        (f"`{each.name}`", each.title or "", denial_text(each.denial), list_text(each), each.confidence or "")
        for each in profiles
    )
    yield from _table(("profile", "model", "denial", "local list", "confidence"), rows)


def _sources(profiles: Sequence[ChargerProfile]) -> Iterator[str]:
    told: dict[tuple[str | None, tuple[str, ...]], list[str]] = {}
    for profile in profiles:
        told.setdefault((profile.source, profile.notes), []).append(profile.title or profile.name)
    for (source, notes), titles in told.items():
        yield f"- **{', '.join(titles)}**: {source}."
        yield from (f"  - {note}" for note in notes)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
