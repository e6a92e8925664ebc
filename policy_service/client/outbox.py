"""Decisions that wait to be told to the service: in order, bounded, on the disk where there is a directory for it."""

from __future__ import annotations

import logging
import os
import secrets
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from policy_service.client import disk
from policy_service.client.degraded import DegradedDecision
from policy_service.client.reading import read
from policy_service.client.sealing import Sealing

if TYPE_CHECKING:
    from pathlib import Path

_LOG = logging.getLogger(__name__)
MOST = 20_000
"""Some 10 MB. What comes when it is full is not told, and the log says so."""
_WAITING, _SENDING = "degraded.ndjson", "degraded.sending.ndjson"


class _Line(DegradedDecision, frozen=True, omit_defaults=True, kw_only=True):
    """A decision as it waits: its identifier sealed."""

    sealed: str | None = None


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Line)


class Outbox:
    """A file takes decisions in; while it is sent it has another name, so that no file is ever rewritten.

    A client that dies while it sends sends the same decisions again; the service takes each id once.
    """

    def __init__(self, directory: Path | None, key: str | None, *, most: int = MOST) -> None:
        """Seal under the API key; on the disk without one, identifiers are left out."""
        self._directory = directory
        self._most = most
        secret = secrets.token_bytes(32) if key is None else key.encode()
        self._sealing = Sealing(secret) if key is not None or directory is None else None
        self._waiting: deque[bytes] = deque()
        self._sending: deque[bytes] = deque()
        self._file: int | None = None
        self._lost = 0

    def __len__(self) -> int:
        """Tell how many wait."""
        return len(self._waiting) + len(self._sending)

    def open(self) -> None:
        """Take up what a former process left. Raises OSError."""
        if self._directory is not None:
            self._sending.extend(_lines(self._directory / _SENDING))
            self._waiting.extend(_lines(self._directory / _WAITING))

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def add(self, decision: DegradedDecision) -> None:
        """Take a decision in. What the disk does not take waits in memory alone."""
        if len(self) >= self._most:
            self._lost += 1
            _LOG.error("the outbox is full: %s decisions so far will not be told to the service", self._lost)
            return
        line = _ENCODER.encode(self._sealed(decision))
        self._waiting.append(line)
        if self._directory is None:
            return
        try:
            if self._file is None:
                flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY
                self._file = os.open(self._directory / _WAITING, flags, 0o600)
            os.write(self._file, b"\n" + line + b"\n")  # what was cut off before it takes no other line with it
        except OSError as error:
            _LOG.error("a decision could not be written to the disk: %s", type(error).__name__)

    def batch(self, most: int) -> list[DegradedDecision]:
        """Return the oldest decisions, to be sent. Raises OSError."""
        if not self._sending and self._waiting:
            self.close()
            if self._directory is not None and (self._directory / _WAITING).exists():
                (self._directory / _WAITING).replace(self._directory / _SENDING)
            self._sending, self._waiting = self._waiting, deque()
        return [self._opened(line) for line in islice(self._sending, most)]

    def sent(self, count: int) -> None:
        """Forget the oldest decisions. Raises OSError."""
        for _ in range(count):
            self._sending.popleft()
        if not self._sending and self._directory is not None:
            (self._directory / _SENDING).unlink(missing_ok=True)

    def _sealed(self, decision: DegradedDecision) -> _Line:
        told = msgspec.structs.asdict(decision)
        text = told.pop("identifier")
        sealing = self._sealing
        sealed = None if text is None or sealing is None else sealing.seal(text, decision.decision_id)
        return _Line(**told, sealed=sealed)

    def _opened(self, line: bytes) -> DegradedDecision:
        told = msgspec.structs.asdict(_DECODER.decode(line))
        sealed, sealing = told.pop("sealed"), self._sealing
        if sealed is not None and sealing is not None:
            told["identifier"] = sealing.opened(sealed, told["decision_id"])
        return DegradedDecision(**told)


def _lines(path: Path) -> list[bytes]:
    """Return the whole lines of a file; one that was cut off, or is none, is left out."""
    return [line for line in (disk.read(path) or b"").split(b"\n") if read(_DECODER, line) is not None]
