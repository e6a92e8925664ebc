"""The shapes of CitrineOS's real-time authorization."""

from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints

from policy_service.entrypoints.http.wire import IdentifierText, InstantOut, Name, Reply

TokenType = Annotated[str, StringConstraints(strict=True, max_length=40, pattern=r"^[A-Za-z0-9_-]*$")]


class CitrineRequest(BaseModel):
    """What CitrineOS asks. Its other fields name rows of its own database, and no decision needs them."""

    model_config = ConfigDict(defer_build=True, extra="ignore", frozen=True)

    id_token: IdentifierText = Field(alias="idToken")
    id_token_type: TokenType | None = Field(None, alias="idTokenType", description="As in OCPP 2.x.")
    station_id: Name = Field(
        validation_alias=AliasChoices("stationId", "ocppConnectionName"),
        description="Id of the charger; later versions call it `ocppConnectionName`.",
    )


class CitrineAnswer(Reply):
    """Whether the driver may charge, and what to tell who may not."""

    allowed: Literal["ALLOWED", "BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"]
    reason: str | None = Field(None, description="Only on a denial: what the driver may read.")


class CitrineReply(Reply):
    """The answer in its envelope."""

    timestamp: InstantOut
    data: CitrineAnswer
