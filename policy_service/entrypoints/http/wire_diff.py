"""The shapes of a comparison of policy files on the wire."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StrictInt, StringConstraints

from policy_service.domain.access import AccessMode, VehicleClass
from policy_service.domain.access_change import Foreseen
from policy_service.entrypoints.http.wire import Instant, InstantOut, Reply, Request
from policy_service.entrypoints.http.wire_records import ValidateBody

Revision = Annotated[str, StringConstraints(strict=True, pattern=r"^sha256:[0-9a-f]{64}$")]


class FilesBody(ValidateBody):
    """A whole tree of policy files."""

    def contents(self) -> Mapping[str, bytes]:
        """Return them as they are read from a directory."""
        return {name: text.encode() for name, text in self.files.items()}


class RevisionBody(Request):
    """The policy files of a revision that was in force."""

    revision: Revision = Field(description="As decisions and events name it.")


class DiffBody(Request):
    """Two trees, and over which time to compare them."""

    old: FilesBody | RevisionBody | None = Field(None, description="Left out: what is in force.")
    new: FilesBody
    start: Instant | None = Field(None, alias="from", description="Left out: now.")
    days: Annotated[StrictInt, Field(ge=1, le=400)] = 400
    limit: Annotated[StrictInt, Field(ge=1, le=10_000)] = Field(1000, description="So many changes at most.")

    def before(self) -> Mapping[str, bytes] | str | None:
        """Return the old side's files, its revision, or None."""
        if self.old is None:
            return None
        return self.old.revision if isinstance(self.old, RevisionBody) else self.old.contents()


class RequirementReply(Reply):
    """A condition on the vehicle that decides."""

    condition: str
    given: dict[str, Any] = Field(description="The charger's values that it names.")


class AccessReply(Reply):
    """What a kind of vehicle would be answered."""

    mode: AccessMode | None = Field(description="Null: no policy governs the charger.")
    outcome: Foreseen
    when: list[RequirementReply] | None = Field(None, description="With `conditional`: any of these suffices.")


class ChangeReply(Reply):
    """A stretch of time, as long as it can be, in which mode or outcome differ."""

    charger: str
    vehicle_class: VehicleClass
    agreement: str | None = Field(description="An id, or globs that further agreements match; null: any other one.")
    start: InstantOut
    end: InstantOut
    before: AccessReply | None = Field(description="Null: the charger is not in the inventory.")
    after: AccessReply | None


class DiffReply(Reply):
    """What differs, by charger, kind of vehicle and time."""

    start: InstantOut = Field(alias="from")
    to: InstantOut
    changes: list[ChangeReply]
    truncated: bool = Field(description="There are more changes than `limit`.")
