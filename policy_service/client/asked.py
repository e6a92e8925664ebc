"""What is asked: who presents what where, made ready for looking it up. Never shows an identifier."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policy_service.client.answers import InvalidPayload
from policy_service.domain.identifier import IdentifierError, IdentifierType, masked, may_be_pin, meant_by, normal_form

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as the service would ask itself; instants are epoch seconds."""

    charger: str
    form: str = field(repr=False)
    """The identifier's normal form; empty where nothing was presented."""
    type: str | None
    """The hint as it was given, such as ``ISO14443``."""
    time: int | None
    """The message's own; None is now."""
    starts: bool = False
    """A session begins, which its Authorize preceded."""
    replayed: bool = False
    """It may have happened while the charger was offline."""
    ocpp_action: str | None = None
    message_id: str | None = None
    transaction_id: str | None = None
    evse: int | None = None
    connector: int | None = None

    @classmethod
    def of(cls, *, charger: str, identifier: str, type_: str | None, time: int | None, **more: object) -> Self:
        """Make the identifier ready. Raises InvalidPayload for what cannot be one."""
        try:
            form = normal_form(identifier)
        except IdentifierError as error:
            raise InvalidPayload(str(error)) from None
        return cls(charger=charger, form=form, type=type_ or None, time=time, **more)  # type: ignore[arg-type]

    @property
    def is_pin(self) -> bool:
        """Tell whether a PIN was presented, which nothing but the service looks up."""
        return meant_by(self.type) is IdentifierType.PIN

    @property
    def may_be_pin(self) -> bool:
        """Tell whether the identifier is a PIN, or could be one: it is kept nowhere then."""
        return self.is_pin or may_be_pin(self.form, typed=self.type is not None)

    @property
    def masked(self) -> str | None:
        """Return what may be shown of the identifier; None where there is none."""
        return masked(self.form, pin=self.may_be_pin) if self.form else None
