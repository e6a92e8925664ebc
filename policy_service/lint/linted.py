"""What rules look at: a tree with its plan, its text and an instant, and what several rules need worked out once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from policy_service.domain.instant import DAY
from policy_service.domain.place import NOWHERE, Place
from policy_service.domain.policy import Window
from policy_service.engine.compile_policy import selector_condition
from policy_service.engine.rules import ranked
from policy_service.engine.selection import ChargerIndex
from policy_service.engine.timeline import draw
from policy_service.engine.zone import Zone
from policy_service.language.lines import line_starts, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policy_service.domain.charger import Charger
    from policy_service.domain.policy import AccessPolicy, DayException, Grant, Grants, Override
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.engine.compile_policy import CompiledPolicy
    from policy_service.engine.plan import Plan
    from policy_service.engine.rules import Layer
    from policy_service.engine.timeline import Drawn, TimelineKey
    from policy_service.lint.ignores import Ignore

YEAR = 366 * DAY
"""How far ahead rules look, in seconds."""

Part: TypeAlias = "Window | DayException"
"""What sets a mode at certain times of a policy."""


class Text(NamedTuple):
    """A file's characters and where its lines start; rules count as :class:`Place` does."""

    text: str
    starts: list[int]

    def offset(self, place: Place) -> int:
        """Return the index of a place's character."""
        return self.starts[place.line - 1] + place.column - 1


class RankedPolicy(NamedTuple):
    """A policy without overrides: its parts with their layers, and over time which of them holds."""

    compiled: CompiledPolicy
    layers: tuple[Layer, ...]
    """By rank; ``layers[0]`` is the default mode."""
    year: Drawn
    """Over the coming year; equal for policies of equal times, and then the same object."""

    @property
    def policy(self) -> AccessPolicy:
        """Return the policy as written."""
        return self.compiled.policy

    def parts(self) -> Iterator[tuple[Part, Layer]]:
        """Yield windows, then exceptions, each with its layer."""
        yield from zip(parts_of(self.compiled.policy), self.compiled.layers[1:], strict=True)

    def part_of(self, layer: Layer) -> Part | None:
        """Return what a layer was written as; None for the default mode."""
        return next((part for part, own in self.parts() if own is layer), None)


@dataclass(frozen=True)
class Linted:
    """A sound tree and all that rules may know about it."""

    tree: PolicyTree
    plan: Plan
    sources: Mapping[str, bytes]
    now: int
    """Epoch seconds: what is past, and where the coming year begins."""
    agreements: tuple[str, ...] = ()
    """Ids of agreements that the configuration names."""
    schemas: str | None = None
    """Where schemas of the format are to be found: a URL, or a directory relative to the working directory."""
    ignores: tuple[Ignore, ...] = ()
    """The comments that ignore findings."""
    unused: tuple[tuple[Ignore, tuple[str, ...]], ...] = ()
    """Those of them that met nothing, with the codes that did not: known when all rules but one have looked."""
    _drawn: dict[TimelineKey, Drawn] = field(default_factory=dict["TimelineKey", "Drawn"], repr=False)
    _texts: dict[str, Text] = field(default_factory=dict[str, Text], repr=False)

    @property
    def year(self) -> tuple[int, int]:
        """The coming year in epoch seconds."""
        return self.now, self.now + YEAR

    @cached_property
    def chargers(self) -> Mapping[str, Charger]:
        """The inventory."""
        return {id_: entry.charger for id_, entry in self.plan.chargers.items()}

    @cached_property
    def index(self) -> ChargerIndex:
        """The inventory, ready for selectors."""
        return ChargerIndex(self.chargers)

    @cached_property
    def policies(self) -> tuple[RankedPolicy, ...]:
        """Every policy with its layers ranked, and the year that they make where nothing overrides it."""
        return tuple(self._ranked(compiled) for compiled in self.plan.policies)

    def _ranked(self, compiled: CompiledPolicy) -> RankedPolicy:
        default, *others = compiled.layers
        layers = (default, *ranked(others))
        return RankedPolicy(compiled, layers, self.drawn(tuple(layer.sources for layer in layers[1:])))

    def drawn(self, layers: TimelineKey) -> Drawn:
        """Return what holds in the coming year under the layers of these sources."""
        drawn = self._drawn.get(layers)
        if drawn is None:
            drawn = self._drawn[layers] = draw(layers, *self.year)
        return drawn

    def overridden(self, override: Override) -> list[str]:
        """Return the ids of the chargers that an override picks."""
        condition, _ = selector_condition(override.chargers, self.plan.surroundings, Zone.of("UTC"))
        return self.index.matched(override.chargers, condition)

    def grants(self) -> Iterator[Grant]:
        """Yield every grant that is written."""
        return chain.from_iterable(self.grant_lists())

    def grant_lists(self) -> Iterator[Grants]:
        """Yield the list of grants of every policy, window, exception and override."""
        for policy in self.tree.policies:
            yield policy.allow
            for part in parts_of(policy):
                yield part.allow or ()
        for override in self.tree.overrides:
            yield override.allow or ()

    def text(self, file: str) -> Text:
        """Return what a file says; nothing for one that there is none of."""
        known = self._texts.get(file)
        if known is None:
            text = text_of(self.sources.get(file, b""))
            known = self._texts[file] = Text(text, line_starts(text))
        return known

    def reads(self, wanted: str, at: Place) -> bool:
        """Tell whether a text stands at a place as it is, without escapes or line breaks of its own."""
        text = self.text(at.file)
        return text.text.startswith(wanted, text.offset(at))

    def written(self, wanted: str, after: Place) -> Place:
        """Return where a text is next written from a place on; the place itself where it is written otherwise."""
        if after == NOWHERE:
            return after
        text, starts = self.text(after.file)
        at = text.find(wanted, self.text(after.file).offset(after))
        if at < 0:
            return after
        line = next(number for number in range(after.line, len(starts) + 1) if _ends(starts, number, text) > at)
        return Place(after.file, line, at - starts[line - 1] + 1)


def _ends(starts: list[int], line: int, text: str) -> int:
    return starts[line] if line < len(starts) else len(text) + 1


def parts_of(policy: AccessPolicy) -> Iterator[Part]:
    """Yield a policy's windows, then its exceptions, as written."""
    yield from policy.windows
    yield from policy.exceptions


def name_of(part: Part) -> tuple[str, Place, int]:
    """Return how messages call a window or an exception, where its name is written, and how long that is."""
    kind = "window" if isinstance(part, Window) else "exception"
    return f"{kind} `{part.name}`", part.places.get("name", part.place), len(part.name)
