"""A span for each statement that a traced request sends to the database: operation and table, no values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind, get_current_span
from sqlalchemy import event

from policy_service.adapters.tracing.spans import failed

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer
    from sqlalchemy import Connection
    from sqlalchemy.engine import ExceptionContext

    from policy_service.adapters.sql.engine import Database

_OPERATION = re.compile(r"\s*([A-Za-z]+)")
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+([a-z_]+)\b")
_KEPT = "policy_service_span"


class DatabaseSpans:
    """Listens to one database. Work in the background, which looks four times a second, is in nobody's trace."""

    def __init__(self, tracer: Tracer, database: Database) -> None:
        """Listen from now on."""
        self._tracer = tracer
        engine = database.engine
        self._system = engine.dialect.name
        for name, hear in (("before_cursor_execute", self._begin), ("after_cursor_execute", self._end)):
            event.listen(engine.sync_engine, name, hear)
        event.listen(engine.sync_engine, "handle_error", self._fail)

    def _begin(self, connection: Connection, _cursor: object, statement: str, *_: Any) -> None:  # noqa: ANN401 - whatever the event brings
        if get_current_span().is_recording():
            operation, table = _named(statement)
            attributes = {"db.system.name": self._system, "db.operation.name": operation}
            if table is not None:
                attributes["db.collection.name"] = table
            name = operation if table is None else f"{operation} {table}"
            connection.info[_KEPT] = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)

    def _end(self, connection: Connection, *_: Any) -> None:  # noqa: ANN401 - whatever the event brings
        span: Span | None = connection.info.pop(_KEPT, None)
        if span is not None:
            span.end()

    def _fail(self, context: ExceptionContext) -> None:
        span: Span | None = None if context.connection is None else context.connection.info.pop(_KEPT, None)
        if span is not None:
            failed(span, type(context.original_exception).__qualname__)
            span.end()


def _named(statement: str) -> tuple[str, str | None]:
    """Return operation and table of a statement; values are bound, so none can stand in its text."""
    operation, table = _OPERATION.match(statement), _TABLE.search(statement)
    return "" if operation is None else operation[1].upper(), None if table is None else table[1]
