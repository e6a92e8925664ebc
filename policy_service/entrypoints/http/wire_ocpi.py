"""OCPI's shapes, as far as authorizing a token needs them."""

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from policy_service.entrypoints.http.wire import NAME_PATTERN, InstantOut, Reply

MOST_EVSES = 1000

TokenUid = Annotated[
    str,
    Path(
        min_length=1,
        max_length=36,
        pattern=r"^[ -~]+$",
        description="The token's `uid`: an identifier, so the path is in no log.",
        examples=["04A2B3C4D5E680"],
    ),
]
TokenType221 = Literal["AD_HOC_USER", "APP_USER", "OTHER", "RFID"]
TokenType230 = Literal["AD_HOC_USER", "APP_USER", "EMAID", "OTHER", "RFID"]
PlaceId = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=36, pattern=NAME_PATTERN)]


class LocationReferences(BaseModel):
    """Where a token is to be used; left out are EVSEs where the whole location is meant."""

    model_config = ConfigDict(defer_build=True, extra="ignore", frozen=True)

    location_id: PlaceId
    evse_uids: list[PlaceId] = Field([], max_length=MOST_EVSES)


class DisplayText(Reply):
    """What the driver may read."""

    language: str = Field(max_length=2)
    text: str = Field(max_length=512)


class LocationReply(Reply):
    """Where the token is allowed."""

    location_id: str
    evse_uids: list[str]


class TokenReply(Reply):
    """A `Token` object. It is never to be put on a white list: what is allowed changes by the hour."""

    country_code: str = Field(max_length=2)
    party_id: str = Field(max_length=3)
    uid: str = Field(max_length=36)
    type: TokenType230
    contract_id: str = Field(
        max_length=36, description="Opaque id of the vehicle's record; where nothing was looked up, the `uid` again."
    )
    issuer: str = Field(max_length=64)
    group_id: str | None = Field(None, max_length=20, description="The fleet, where its name fits.")
    valid: bool
    whitelist: Literal["NEVER"]
    last_updated: InstantOut


class AuthorizationInfo(Reply):
    """Whether the token is allowed, and where."""

    allowed: Literal["ALLOWED", "BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"]
    token: TokenReply
    location: LocationReply | None = None
    authorization_reference: str = Field(max_length=36, description="Id of the decision.")
    info: DisplayText | None = Field(None, description="Only on a denial.")


class ErrorReply(Reply):
    """The envelope of an error."""

    status_code: int
    status_message: str | None = None
    timestamp: InstantOut


class TokenAuthorizeReply(ErrorReply):
    """The envelope of an answer; without `data` where the request says too little (2002)."""

    data: AuthorizationInfo | None = None
