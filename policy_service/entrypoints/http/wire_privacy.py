"""The shapes of requests and answers about what is known of persons."""

from typing import Annotated

from pydantic import Field, StrictBool, StringConstraints

from policy_service.entrypoints.http.wire import IdentifierText, Reply, Request


class ForgetBody(Request):
    """An identifier to forget: in a body, because addresses are logged."""

    identifier: IdentifierText
    identifier_type: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{1,40}$")] | None = None
    dry_run: StrictBool = Field(default=False, description="Only count.")


class ForgetReply(Reply):
    """What was erased, or would be."""

    events: int
    record_exists: bool = Field(description="The registry still knows the identifier; that is another matter.")
    dry_run: bool


class FingerprintKeyReply(Reply):
    """The generation of the key that fingerprints are made with from now on."""

    generation: int
