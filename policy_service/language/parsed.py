"""What one file comes to on its own: its documents, the names it defines and asks for, and its mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from policy_service.domain.charger import Charger
    from policy_service.domain.charger_profile import ChargerProfile
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.place import Place
    from policy_service.domain.policy import AccessPolicy, AttributeTypes, Calendar, Override, PolicyTest, Schedule

Document: TypeAlias = "AccessPolicy | Schedule | Override | Calendar | AttributeTypes | ChargerProfile | PolicyTest"


class Mention(NamedTuple):
    """A name of a kind where a file defines it or asks for it."""

    kind: str
    name: str
    place: Place
    length: int


class WrittenAttribute(NamedTuple):
    """An attribute of a charger or a vehicle, before its declared type is known; only its first use is kept."""

    subject: str
    name: str
    text: str
    place: Place
    length: int


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A file's documents and findings; attributes of its chargers and vehicles are still text."""

    file: str
    documents: tuple[Document, ...] = ()
    chargers: tuple[Charger, ...] = ()
    definitions: tuple[Mention, ...] = ()
    references: tuple[Mention, ...] = ()
    attributes: tuple[WrittenAttribute, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    partial: bool = False
    """Whether the file holds documents of which not even the kind is known."""
