"""From an identifier as presented to the keys under which the registry may know it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from policy_service.domain.identifier import IdentifierType, masked, may_be_pin, meant_by, normal_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy_service.application.ports import Fingerprints
    from policy_service.domain.identifier import IdentifierRecord

_REMEMBERED = 16_384
"""Texts whose keys are kept ready: a yard sees the same vehicles every day."""


class Presented:
    """An identifier as presented, made ready for look-up. Never shows what it holds."""

    __slots__ = ("form", "keys", "may_be_pin", "pin")

    def __init__(self, form: str, keys: tuple[str, ...], *, pin: bool, may_be_pin: bool) -> None:
        """``keys`` stand in the order in which they are tried; none of them means that nothing was presented."""
        self.form = form
        self.keys = keys
        self.pin = pin
        self.may_be_pin = may_be_pin
        """Whether it was presented as a PIN, or as nothing in particular and looks like one."""

    def __repr__(self) -> str:
        """Say no more than a log may."""
        return f"Presented({masked(self.form, pin=self.pin)!r})"


class Lookup:
    """The rules by which identifiers meet records.

    PIN records are kept under keyed hashes in a name space of their own, so they answer only to requests that say
    ``pin`` (OCPP: KeyCode) or say nothing, and nothing else answers to those that say ``pin``.
    """

    def __init__(self, fingerprints: Fingerprints) -> None:
        """Take the keyed hashes."""
        self._fingerprints = fingerprints
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._present)

    def present(self, text: str, hint: str | None = None) -> Presented:
        """Return the identifier made ready. Raises IdentifierError for a text that cannot be an identifier."""
        if hint is None:
            return self._remembered(text, None)
        meant = meant_by(hint)
        if meant is IdentifierType.PIN:
            return self._present(text, meant)  # what is known for a PIN is not kept in the clear, not even here
        return self._remembered(text, meant)

    def _present(self, text: str, meant: IdentifierType | None) -> Presented:
        form = normal_form(text)
        pin = meant is IdentifierType.PIN
        if not form:
            return Presented(form, (), pin=pin, may_be_pin=pin)
        if pin:
            return Presented(form, (self._fingerprints.pin_key(form),), pin=True, may_be_pin=True)
        if meant is None:
            keys = (form, self._fingerprints.pin_key(form))
            return Presented(form, keys, pin=False, may_be_pin=may_be_pin(form, typed=False))
        return Presented(form, (form,), pin=False, may_be_pin=False)

    def key(self, form: str, kind: IdentifierType) -> str:
        """Return the key under which a record of that type is stored."""
        return self._fingerprints.pin_key(form) if kind is IdentifierType.PIN else form

    def traces(self, presented: Presented, record: IdentifierRecord | None = None) -> tuple[str, str] | None:
        """Return the masked form and the fingerprint that events may show; None when nothing was presented."""
        if not presented.keys:
            return None
        if record is not None:
            return self.record_traces(record)
        return masked(presented.form, pin=presented.pin), self._fingerprints.fingerprint(presented.keys[0])

    @property
    def generation(self) -> int:
        """Return which key fingerprints are made with now."""
        return self._fingerprints.generation

    def all_fingerprints(self, presented: Presented) -> Sequence[str]:
        """Return every fingerprint that events may have of the identifier, as any kind of record and under any key."""
        keys = {*presented.keys, self._fingerprints.pin_key(presented.form)}
        return [each for key in sorted(keys) for each in self._fingerprints.fingerprints(key)]

    def record_traces(self, record: IdentifierRecord) -> tuple[str, str]:
        """Return the masked form and the fingerprint of a record; the same as those of its events."""
        pin = record.type is IdentifierType.PIN
        return masked(record.key, pin=pin), self._fingerprints.fingerprint(record.key)
