"""Where times are written: the parts of policies and schedules that have a start and an end of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policy_service.domain.policy import ScheduleRef, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policy_service.domain.place import Place
    from policy_service.domain.policy import Places
    from policy_service.domain.policy_tree import PolicyTree


class WrittenSpan(NamedTuple):
    """A start and an end as an author wrote them, and whose they are."""

    owner: str
    span: Span
    place: Place
    places: Places

    def at(self, key: str) -> Place:
        """Return where a key's value is written, else where the whole begins."""
        return self.places.get(key, self.place)


def written_spans(tree: PolicyTree) -> Iterator[WrittenSpan]:
    """Yield every span of windows, exceptions and schedules, each once, however many policies use it."""
    for policy in tree.policies:
        for window in policy.windows:
            if not isinstance(window.times, ScheduleRef) and isinstance(window.times.span, Span):
                yield WrittenSpan(f"window `{window.name}`", window.times.span, window.place, window.places)
        for exception in policy.exceptions:
            if exception.span is not None:
                yield WrittenSpan(f"exception `{exception.name}`", exception.span, exception.place, exception.places)
    for schedule in tree.schedules.values():
        for times in schedule.times:
            if isinstance(times.span, Span):
                yield WrittenSpan(f"schedule `{schedule.name}`", times.span, times.place, times.places)
