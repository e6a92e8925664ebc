"""OCPP's messages where their payloads are beyond doubt: the lanes of ``/v1/ocpp``."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import orjson
from structlog.contextvars import bind_contextvars

from policy_service.application.plan_holder import NoPlanError
from policy_service.application.question import Question
from policy_service.domain.identifier import IdentifierError
from policy_service.domain.ocpp_answers import LENGTHS_2_0_1, LENGTHS_2_1, Lengths, id_tag_info, id_token_info
from policy_service.domain.ocpp_statuses import NO_AUTHORIZATION
from policy_service.entrypoints.http.hot import payload
from policy_service.entrypoints.http.hot.question import MOST_BYTES
from policy_service.entrypoints.http.hot.reply import Replies
from policy_service.entrypoints.http.ocpp_answers import told
from policy_service.entrypoints.http.ocpp_names import printable
from policy_service.entrypoints.http.request_ids import new_request_id
from policy_service.entrypoints.http.response_headers import POLICY_DECISION

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from policy_service.application.ocpp.authorise import Verdict
    from policy_service.application.service import Service
    from policy_service.entrypoints.http.hot.door import Door
    from policy_service.entrypoints.http.hot.head import Head
    from policy_service.entrypoints.http.hot.payload import Told
    from policy_service.entrypoints.http.hot.reply import Reply, Said

_HEADER = POLICY_DECISION.lower().encode()


class Message(NamedTuple):
    """One of OCPP's messages: where it comes to, what reads it, what its answer has room for."""

    version: str
    path: str
    action: str
    read: Callable[[bytes], Told | None]
    lengths: Lengths | None = None
    """None before OCPP 2."""

    @property
    def route(self) -> str:
        """Return the template of its route."""
        return f"/v1/ocpp/{self.version}/{{charger_id}}/{self.path}"


MESSAGES = (
    Message("1.6", "authorize", "Authorize", payload.authorize_1_6),
    Message("1.6", "start-transaction", "StartTransaction", payload.start_1_6),
    Message("2.0.1", "authorize", "Authorize", payload.authorize_2_0_1, LENGTHS_2_0_1),
    Message("2.0.1", "transaction-event", "TransactionEvent", payload.event_2_0_1, LENGTHS_2_0_1),
    Message("2.1", "authorize", "Authorize", payload.authorize_2_1, LENGTHS_2_1),
    Message("2.1", "transaction-event", "TransactionEvent", payload.event_2_1, LENGTHS_2_1),
)


class VerbatimLane:
    """Answers a message, or leaves it to the long way, as if it had never seen it."""

    most_bytes = MOST_BYTES

    def __init__(self, service: Service, door: Door, message: Message) -> None:
        """Ask the service, for whom the door lets in."""
        self._door, self._authorise, self._decide = door, service.authorise, service.decide
        self._message = message
        self._replies = Replies(service.metrics, message.route)

    def answer(self, charger: str, head: Head, body: bytes) -> Reply | Coroutine[None, None, Reply] | None:
        """Return the answer to what a charger says: at once, or when its event is on the disk, or the identifier found.

        None: not from here.
        """
        began = perf_counter()
        caller, said = self._door.caller(head), self._message.read(body)
        if caller is None or said is None or (said.token_type or "").lower() == NO_AUTHORIZATION:
            return None
        request_id = new_request_id() if head.request_id is None else head.request_id.decode()
        question = Question(
            charger,
            said.identifier,
            said.token_type or None,
            said.time,
            evse=said.evse,
            connector=said.connector,
            ocpp_action=self._message.action,
            message_id=printable(head.message_id.decode("latin-1")),
            transaction_id=said.transaction_id,
            caller=caller.name,
            request_id=request_id,
        )
        try:
            found = self._authorise.at_hand(question, starts=said.starts, replayed=said.replayed)
        except (IdentifierError, NoPlanError):
            return None
        if found is None:
            return self._replies.in_time(request_id, began, self._looked_up(question, said))
        ready, verdict = found
        return self._replies.when(self._decide.settle(ready), request_id, began, self._said(verdict, said))

    async def _looked_up(self, question: Question, said: Told) -> Said:
        bind_contextvars(**{"request.id": question.request_id})  # whatever is logged on the way, in a task of its own
        return self._said(await self._authorise(question, starts=said.starts, replayed=said.replayed), said)

    def _said(self, verdict: Verdict, said: Told) -> Said:
        return self._body(verdict, said), ((_HEADER, told(verdict).encode()),)

    def _body(self, verdict: Verdict, said: Told) -> bytes:
        if self._message.lengths is None:
            return orjson.dumps({"idTagInfo": id_tag_info(verdict.shown)})
        return orjson.dumps({"idTokenInfo": id_token_info(verdict.shown, said.token_type or "", self._message.lengths)})
