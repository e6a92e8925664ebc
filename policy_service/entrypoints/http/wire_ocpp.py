"""OCPP's payloads: what is read of requests as they came, and what answers look like."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

from policy_service.domain.ocpp_answers import LENGTHS_2_0_1, LENGTHS_2_1, LONGEST_TAG_1_6
from policy_service.domain.ocpp_statuses import WireStatus
from policy_service.entrypoints.http.wire import IDENTIFIER_PATTERN, Count, IdentifierText, Instant, InstantOut, Reply


class Payload(BaseModel):
    """A request's payload: what is not read is not judged either, since chargers send more than they should."""

    model_config = ConfigDict(defer_build=True, extra="ignore", frozen=True, alias_generator=to_camel)


class Answer(Reply):
    """An answer's payload, or a part of it."""

    model_config = ConfigDict(defer_build=True, alias_generator=to_camel)


def _described(longest: int) -> WithJsonSchema:
    """Describe an identifier as it is checked, with the room that a version has for it."""
    return WithJsonSchema({"type": "string", "maxLength": longest, "pattern": IDENTIFIER_PATTERN})


IdTag = Annotated[IdentifierText, Field(max_length=LONGEST_TAG_1_6), _described(LONGEST_TAG_1_6)]
Token201Text = Annotated[IdentifierText, Field(max_length=LENGTHS_2_0_1.token), _described(LENGTHS_2_0_1.token)]
TokenType = Annotated[str, StringConstraints(strict=True, max_length=20, pattern=r"^[A-Za-z0-9_-]*$")]


class Authorize16(Payload):
    """`Authorize.req` of OCPP 1.6; some chargers add a connector."""

    id_tag: IdTag
    connector_id: Count | None = None


class StartTransaction16(Payload):
    """`StartTransaction.req` of OCPP 1.6."""

    connector_id: Count
    id_tag: IdTag
    timestamp: Instant


class Token201(Payload):
    """`IdTokenType` of OCPP 2.0.1."""

    id_token: Token201Text
    type: TokenType


class Token21(Payload):
    """`IdTokenType` of OCPP 2.1."""

    id_token: IdentifierText
    type: TokenType


class Evse(Payload):
    """`EVSEType` of OCPP 2.x."""

    id: Count
    connector_id: Count | None = None


class Transaction(Payload):
    """`TransactionType` of OCPP 2.x."""

    transaction_id: Annotated[str, Field(strict=True, max_length=36)]


class Event(Payload):
    """What a `TransactionEventRequest` of OCPP 2.x has, whichever its token."""

    event_type: Literal["Started", "Updated", "Ended"]
    timestamp: Instant
    trigger_reason: Annotated[str, Field(strict=True, max_length=40)]
    transaction_info: Transaction
    offline: StrictBool = False
    evse: Evse | None = None


class Authorize201(Payload):
    """`AuthorizeRequest` of OCPP 2.0.1."""

    id_token: Token201


class Authorize21(Payload):
    """`AuthorizeRequest` of OCPP 2.1."""

    id_token: Token21


class TransactionEvent201(Event):
    """`TransactionEventRequest` of OCPP 2.0.1."""

    id_token: Token201 | None = None


class TransactionEvent21(Event):
    """`TransactionEventRequest` of OCPP 2.1."""

    id_token: Token21 | None = None


class IdTagInfo(Answer):
    """`IdTagInfo` of OCPP 1.6."""

    status: Literal["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"]
    expiry_date: InstantOut | None = None
    parent_id_tag: str | None = Field(None, max_length=LONGEST_TAG_1_6)


class IdTagReply(Answer):
    """`Authorize.conf`; to make it a `StartTransaction.conf` the CSMS adds its `transactionId`."""

    id_tag_info: IdTagInfo


class GroupToken(Answer):
    """The fleet, by which a colleague's card can stop a session."""

    id_token: str = Field(max_length=LENGTHS_2_1.token)
    type: Literal["Central"]


class PersonalMessage(Answer):
    """What the charger may show a refused driver."""

    format: Literal["ASCII", "UTF8"]
    language: str | None = Field(None, max_length=8)
    content: str = Field(max_length=1024)


class IdTokenInfo(Answer):
    """`IdTokenInfoType` of OCPP 2.x."""

    status: Literal["Accepted", WireStatus]
    cache_expiry_date_time: InstantOut | None = None
    group_id_token: GroupToken | None = None
    personal_message: PersonalMessage | None = None


class AuthorizeReply(Answer):
    """`AuthorizeResponse` of OCPP 2.x."""

    id_token_info: IdTokenInfo


class TransactionEventReply(Answer):
    """`TransactionEventResponse` of OCPP 2.x: empty where no token was presented."""

    id_token_info: IdTokenInfo | None = None
