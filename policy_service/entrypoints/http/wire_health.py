"""The shapes of what the service says of its own health."""

from typing import Literal

from pydantic import Field

from policy_service.application.concerns import ConcernCode
from policy_service.entrypoints.http.wire import Reply


class LiveReply(Reply):
    """The process runs."""

    status: Literal["live"]


class ReadyReply(Reply):
    """Whether the service decides, on what, and how well."""

    status: Literal["ready", "degraded"]
    revision: str | None
    policy_age_s: int = Field(description="For how long what is served has not been what is committed; 0: it is.")
    tzdata: str | None
    stores: dict[str, Literal["up", "down", "off"]]
    problems: list[str]
    problem_codes: list[str] = Field(
        description="What kind of problem each of `problems` is, in the same order, for programs: "
        f"{', '.join(f'`{code}`' for code in ConcernCode)}; more may come."
    )
