"""Comments that ignore findings: `# policy-service: ignore PS2xx because REASON`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_service.domain.codes import CODES
from policy_service.domain.place import Place
from policy_service.language.comments import comments
from policy_service.language.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.language.comments import Comment

MARKER = "policy-service:"
FORM = "write `# policy-service: ignore PS2xx because REASON`"
_IGNORE = re.compile(r"ignore\s+(?P<codes>[\w-]+(?:\s*,\s*[\w-]+)*)(?:\s+because\s+(?P<reason>\S.*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ignore:
    """One such comment; with a problem it ignores nothing."""

    place: Place
    comment: Comment
    codes: tuple[str, ...] = ()
    problem: tuple[str, str] | None = None
    """What is wrong with it, and what to do."""

    def covers(self, found: Diagnostic) -> bool:
        """Tell whether it is about this finding."""
        return (
            found.code in self.codes and found.place.file == self.place.file and found.place.line in self.comment.covers
        )


def ignores(texts: Mapping[str, str], known: Mapping[str, str], accepted: Collection[str]) -> Iterator[Ignore]:
    """Yield every such comment of YAML texts. ``known`` maps names of rules to codes, ``accepted`` may be ignored."""
    for file, text in texts.items():
        if file.endswith((".yaml", ".yml")):
            for comment in comments(text, MARKER):
                yield _ignore(Place(file, comment.line, comment.column), comment, known, accepted)


def _ignore(place: Place, comment: Comment, known: Mapping[str, str], accepted: Collection[str]) -> Ignore:
    match = _IGNORE.fullmatch(comment.text)
    if match is None:
        return Ignore(place, comment, problem=(f"the comment {quoted(comment.text)} is not understood", FORM))
    codes = tuple(known.get(name, name) for name in re.split(r"\s*,\s*", match["codes"]))
    for code in codes:
        if code not in accepted:
            if code in CODES:
                problem = (f"`{code}` keeps a tree from being served and cannot be ignored", "mend what it tells")
            else:
                problem = (f"there is no rule {quoted(code)}", "see `policy-service rule` for all rules")
            return Ignore(place, comment, problem=problem)
    if match["reason"] is None:
        return Ignore(place, comment, problem=("the comment does not say why the finding is ignored", FORM))
    return Ignore(place, comment, codes)
