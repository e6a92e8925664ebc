"""The shapes of AuthZEN's Authorization API 1.0: what is not known is ignored, here and in all that it nests."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, StrictBool

from policy_service.domain.access import AccessMode, VehicleClass
from policy_service.domain.names import MAX_NAME
from policy_service.entrypoints.http.wire import (
    NAME_PATTERN,
    Count,
    IdentifierHint,
    IdentifierText,
    Instant,
    InstantOut,
    Language,
    Name,
    ReasonOut,
    Reply,
    Trace,
)

SUBJECT, ACTION, RESOURCE = "identifier", "charge", "charger"
"""All that this service decides about."""
MOST_EVALUATIONS = 1000
USUAL_LIMIT = 100


PageToken = Annotated[str, Field(strict=True, max_length=MAX_NAME, pattern=NAME_PATTERN.replace("+", "*"))]
"""Where a page ended: the id that was looked at last."""


class Asked(BaseModel):
    """A request, or a part of one."""

    model_config = ConfigDict(defer_build=True, extra="ignore", frozen=True)


class SubjectProperties(Asked):
    """What is known of the identifier."""

    identifier_type: IdentifierHint | None = Field(None, description="A hint, as for `/v1/decide`.")


class SubjectType(Asked):
    """Which kind of subject is searched for."""

    type: Name


class Subject(SubjectType):
    """Who wants to charge."""

    id: IdentifierText = Field(description="The identifier as the charger sent it.")
    properties: SubjectProperties | None = None


class Action(Asked):
    """What for."""

    name: Name
    properties: dict[str, Any] | None = None


class ResourceType(Asked):
    """Which kind of resource is searched for."""

    type: Name


class Resource(ResourceType):
    """Where."""

    id: Name = Field(description="Id of the charger.")
    properties: dict[str, Any] | None = None


class Context(Asked):
    """When, and what the CSMS knows of the message."""

    time: Instant | None = Field(None, description="The instant to decide for; left out: now.")
    language: Language | None = Field(None, description="Language of the message.")
    evse: Count | None = Field(None, description="Recorded only.")
    connector: Count | None = Field(None, description="Recorded only.")
    ocpp_action: Trace | None = Field(None, description="Recorded only.")
    message_id: Trace | None = Field(None, description="Recorded only.")
    transaction_id: Trace | None = Field(None, description="Recorded only.")
    record: StrictBool = Field(default=True, description="Leave an access event.")


class Evaluation(Asked):
    """One question."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "subject": {"type": "identifier", "id": "04:A2:B3:C4:D5:E6:80"},
                    "action": {"name": "charge"},
                    "resource": {"type": "charger", "id": "NTH-01"},
                    "context": {"time": "2026-11-24T11:15Z"},
                }
            ]
        }
    )

    subject: Subject
    action: Action
    resource: Resource
    context: Context | None = None


class Options(Asked):
    """How the questions are gone through."""

    evaluations_semantic: Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"] = "execute_all"


class Evaluations(Asked):
    """Many questions; what one of them leaves out, it takes from here as a whole."""

    subject: dict[str, Any] | None = None
    action: dict[str, Any] | None = None
    resource: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    evaluations: list[Any] = Field(
        min_length=1, max_length=MOST_EVALUATIONS, description="Questions, each as the body of `evaluation`."
    )
    options: Options | None = None


class EvaluationsBody(RootModel[Evaluations | Evaluation]):
    """Many questions, or one as for `evaluation`."""


class Page(Asked):
    """Which page of results."""

    token: PageToken | None = Field(None, description="`next_token` of the page before.")
    limit: Count = Field(USUAL_LIMIT, description="How many results at most; never more than 1000.")


class Search(Asked):
    """What searches have in common."""

    context: Context | None = None
    page: Page | None = None


class SubjectSearch(Search):
    """Which vehicles may do it there."""

    subject: SubjectType
    action: Action
    resource: Resource


class ResourceSearch(Search):
    """Where the vehicle may do it."""

    subject: Subject
    action: Action
    resource: ResourceType


class ActionSearch(Search):
    """What the vehicle may do there."""

    subject: Subject
    resource: Resource


class EvaluationFault(Reply):
    """Why a question could not be decided."""

    status: int = Field(description="As HTTP has it.")
    message: str


class DecisionContext(Reply):
    """What is told beside the decision."""

    decision_id: str | None = Field(None, description="Names the access event.")
    reason: ReasonOut | None = None
    mode: AccessMode | None = None
    vehicle_class: VehicleClass | None = None
    valid_until: InstantOut | None = None
    message: str | None = Field(None, description="Only on a denial: what to tell the driver.")
    error: EvaluationFault | None = Field(None, description="Only where nothing was decided.")


class EvaluationReply(Reply):
    """One decision."""

    decision: bool
    context: DecisionContext


class EvaluationList(Reply):
    """Decisions in the order of the questions; fewer where one of them ended it."""

    evaluations: list[EvaluationReply]


class EvaluationsReply(RootModel[EvaluationReply | EvaluationList]):
    """A decision, or many, as was asked."""


class Found(Reply):
    """A charger, or the record of a vehicle."""

    type: str
    id: str


class FoundAction(Reply):
    """An action."""

    name: str


class PageReply(Reply):
    """Where the results go on."""

    next_token: str = Field(description="Empty on the last page.")
    count: int


class SearchReply(Reply):
    """Results; a page may have fewer than were asked for, or none, and another one follow."""

    results: list[Found]
    page: PageReply


class ActionReply(Reply):
    """Results of a search for actions."""

    results: list[FoundAction]
    page: PageReply


class AuthzenConfiguration(Reply):
    """Where each API is."""

    policy_decision_point: str
    access_evaluation_endpoint: str
    access_evaluations_endpoint: str
    search_subject_endpoint: str
    search_resource_endpoint: str
    search_action_endpoint: str
