"""The API keys that this node knew last, as hashes in a file: a start without the database must open no door."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import orjson

from policy_service.domain.api_key import ApiKey
from policy_service.domain.caller import Scope
from policy_service.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_MAGIC = b"policy-service last known keys 1\n"


class FileLastKnownKeys:
    """Keeps the keys in ``<directory>/last-known-keys``: a header, a SHA-256 line and the keys as JSON."""

    def __init__(self, directory: Path) -> None:
        """Keep the file in the directory."""
        self._path = directory / "last-known-keys"

    def load(self) -> Sequence[ApiKey] | None:
        """Return the kept keys; None where there are none or a byte of them is not as it was written."""
        try:
            raw = self._path.read_bytes()
        except OSError:
            return None
        checksum, _, body = raw.removeprefix(_MAGIC).partition(b"\n")
        if not raw.startswith(_MAGIC) or sha256(body).hexdigest().encode() != checksum:
            return None
        return [_key(entry) for entry in orjson.loads(body)]

    def save(self, keys: Sequence[ApiKey]) -> None:
        """Keep these keys in place of those before. Raises OSError."""
        body = orjson.dumps([{**asdict(key), "scopes": sorted(key.scopes)} for key in keys])
        write_whole(self._path, [_MAGIC, sha256(body).hexdigest().encode(), b"\n", body])


def _key(entry: Mapping[str, Any]) -> ApiKey:
    values = dict(entry)
    values["scopes"] = frozenset(Scope(scope) for scope in entry["scopes"])
    values["labels"] = tuple((name, tuple(accepted)) for name, accepted in cast("list[Any]", entry["labels"]))
    return ApiKey(**values)
