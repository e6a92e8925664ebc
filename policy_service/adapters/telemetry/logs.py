"""Logs by structlog: JSON lines in the shape of OpenTelemetry's log data model, or text for a terminal."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import orjson
import structlog

from policy_service.adapters.telemetry.identity import resource

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import TextIO

_SEVERITY = {"debug": 5, "info": 9, "warning": 13, "error": 17, "critical": 21}
"""SeverityNumber of the OpenTelemetry log data model."""
_PLACES = 12
_NOISY = ("watchfiles", "aiosqlite", "asyncio", "sqlalchemy", "alembic", "urllib3", "opentelemetry")


def configure_logs(level: str, form: str) -> None:
    """Send every log of the process, uvicorn's included, to stderr: JSON lines, or text for a terminal."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    shown: list[Any] = [_without_messages_of_exceptions, _without_what_is_absent]
    if form == "console":
        shown.append(structlog.dev.ConsoleRenderer(colors=_in_colour()))
    else:
        shown += [_otel_names, structlog.processors.JSONRenderer(_to_json)]
    # A denial leaves a line: ours go straight to their renderer, past the standard library, at a third of the cost.
    structlog.configure(
        processors=[_name, *shared, *shown],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )
    _configure_others(number, [structlog.stdlib.add_logger_name, *shared], shown)


def _configure_others(number: int, shared: list[Any], shown: list[Any]) -> None:
    """Let the logs of libraries look as ours do."""
    handler = logging.StreamHandler(sys.stderr)
    processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=processors))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(max(number, logging.WARNING))


class _StandardError:
    """Standard error, on which nothing that the service does depends: it may be a file on a disk that is full."""

    def write(self, text: str) -> None:
        """Write if it can be written."""
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        """Flush if it can be flushed."""
        with suppress(OSError, ValueError):
            sys.stderr.flush()


_STANDARD_ERROR = _StandardError()


class _Lines(structlog.WriteLogger):
    """Writes lines to standard error, under a name."""

    def __init__(self, name: str = "") -> None:
        super().__init__(cast("TextIO", _STANDARD_ERROR))
        self.name = name


def _in_colour() -> bool:
    """Decide as the commands do: none in a file or under NO_COLOR, always under FORCE_COLOR."""
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stderr.isatty() and not os.environ.get("NO_COLOR"))


def _name(logger: _Lines, _: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["logger"] = logger.name
    return event


def _to_json(event: object, **_: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _without_messages_of_exceptions(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep of an exception its type and where it passed: its message may repeat what was sent."""
    info: Any = event.pop("exc_info", None)
    error: object = cast("tuple[object, object]", info)[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-_PLACES:]
        event["exception.type"] = type(error).__qualname__
        event["exception.stacktrace"] = "\n".join(f"{each.filename}:{each.lineno} {each.name}" for each in frames)
    return event


def _without_what_is_absent(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave out what has no value: in OpenTelemetry's data model an attribute that is not there says the same."""
    return {name: value for name, value in event.items() if value is not None}


def _otel_names(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    level = str(event.pop("level", "info"))
    return {
        "timestamp": event.pop("timestamp", None),
        "severity_text": level.upper(),
        "severity_number": _SEVERITY.get(level, 9),
        "body": event.pop("event", ""),
        **resource(),
        "otel.scope.name": event.pop("logger", None),
        **event,
    }
