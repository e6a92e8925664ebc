"""Charger profiles in lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from policy_service.domain.access import AccessMode
from policy_service.entrypoints.cli.columns import Columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policy_service.application.queries.charger_profiles import CountedProfile
    from policy_service.domain.charger_profile import ChargerProfile, DenialSignal, FreevendSwitch, Setting
    from policy_service.engine.identify import Candidate

_LABEL = 12


def list_lines(found: Sequence[CountedProfile]) -> Iterator[Text]:
    """Yield a heading and a line for each profile."""
    columns = Columns("name", "model", "from", "protocols", "switch", "confidence", "chargers", right=(6,))
    yield from columns.lines([_cells(each) for each in found])


def _cells(found: CountedProfile) -> list[str]:
    profile = found.profile
    switch = profile.switches[0].setting(AccessMode.FREEVEND).name if profile.switches else "none known"
    protocols = ", ".join(each.removeprefix("ocpp") for each in profile.protocols) or "any"
    origin = "built in" if profile.built_in else "own"
    counted = str(found.chargers)
    return [profile.name, profile.title or "", origin, protocols, switch, profile.confidence or "", counted]


def profile_lines(found: CountedProfile) -> Iterator[Text]:
    """Yield all the facts of one profile."""
    profile = found.profile
    yield Text.assemble((profile.name, "bold"), f"  {profile.title or ''}".rstrip())
    yield _labelled("from", "built in" if profile.built_in else f"own, {profile.place}")
    yield _labelled("chargers", str(found.chargers))
    yield _labelled("protocols", ", ".join(profile.protocols) or "not known: any")
    for switch in profile.switches:
        yield from _switch_lines(switch)
    if not profile.switches:
        yield _labelled("switch", "none known: managed always, and in freevend everybody is accepted")
    yield _labelled("sends", ", ".join(profile.synthetic_ids) or "not known")
    yield _labelled("offline", _settings(profile.offline) or "nothing set")
    yield _labelled("denial", denial_text(profile.denial))
    yield _labelled("local list", list_text(profile))
    for note in profile.notes:
        yield _labelled("note", note)
    yield _labelled("source", profile.source or "not told")
    yield _labelled("confidence", f"{profile.confidence or 'not told'}; verified against simulators only")


def _switch_lines(switch: FreevendSwitch) -> Iterator[Text]:
    on, off = switch.setting(AccessMode.FREEVEND), switch.setting(AccessMode.MANAGED)
    yield _labelled("switch", f"{on.name}: {on.value or '(empty)'} is freevend, {off.value or '(empty)'} is managed")
    if switch.requires:
        yield _labelled("requires", _settings(switch.requires))
    if switch.id_tag_key is not None:
        yield _labelled("token key", switch.id_tag_key + (f", set to {switch.id_tag}" if switch.id_tag else ""))
    read = "read back" if switch.read_back else "cannot be read back"
    cleared = "caches are cleared" if switch.clear_cache else "caches are left"
    yield _labelled("after", f"{read}; {cleared}; reboot {switch.reboot.replace('_', ' ')}")


def denial_text(denial: DenialSignal) -> str:
    """Say what a refused driver is shown."""
    able = (("text", denial.display_text), ("light", denial.led), ("tone", denial.buzzer))
    signals = ", ".join(name for name, has in able if has)
    told = signals or ("not documented; the status is passed on" if denial.undocumented else "nothing")
    return f"{told}: {denial.shows}" if denial.shows else told


def list_text(profile: ChargerProfile) -> str:
    """Say what the local authorization list holds."""
    traits = profile.local_list
    if traits.max_entries is None:
        return "as the charger reports"
    chunk = "" if traits.max_chunk is None else f", {traits.max_chunk} in a message"
    return f"{traits.max_entries} entries{chunk}"


def _settings(settings: Sequence[Setting]) -> str:
    return ", ".join(f"{each.name}={each.value}" for each in settings)


def candidate_line(candidate: Candidate) -> Text:
    """Say which profile fits, and by what."""
    title = f" ({candidate.profile.title})" if candidate.profile.title else ""
    return Text.assemble((candidate.profile.name, "bold"), f"{title}: it reports {', '.join(candidate.evidence)}")


def _labelled(label: str, text: str) -> Text:
    return Text.assemble((label.ljust(_LABEL), "dim"), text)
