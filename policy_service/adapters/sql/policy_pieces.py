"""Policies and chargers in pieces named by what they hold: what two revisions have in common is kept once."""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import TYPE_CHECKING, NamedTuple

import orjson

from policy_service.adapters.sql.chargers import charger_of, charger_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from policy_service.application.ports import PlanOrigin
    from policy_service.domain.charger import Charger

_BOXES = 64
"""Chargers are kept by so many boxes: who changes one of 100,000 adds a box, and not a hundred thousand."""


class Packed(NamedTuple):
    """A plan's origin in pieces."""

    files: str
    """The digest of a list: name and digest of each file."""
    chargers: str
    """The digest of a list: the digest of each box."""
    pieces: Mapping[str, bytes]
    """All of them by their digests, compressed."""


def pack(origin: PlanOrigin) -> Packed:
    """Take an origin apart; overrides aside, which are few."""
    pieces: dict[str, bytes] = {}

    def put(content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        if digest not in pieces:
            pieces[digest] = zlib.compress(content)
        return digest

    files = {name: put(content) for name, content in sorted(origin.files.items())}
    boxes = [put(orjson.dumps(box)) for box in _boxes(origin.chargers)]
    return Packed(put(_listed(files)), put(_listed(boxes)), pieces)


def unpack_files(digest: str, piece: Callable[[str], bytes]) -> Mapping[str, bytes]:
    """Return the policy files of a list; ``piece`` returns a compressed piece by its digest."""
    listed: dict[str, str] = json.loads(zlib.decompress(piece(digest)))
    return {name: zlib.decompress(piece(each)) for name, each in listed.items()}


def unpack_chargers(digest: str, piece: Callable[[str], bytes]) -> Mapping[str, Charger]:
    """Return the chargers of a list, by id."""
    listed: list[str] = json.loads(zlib.decompress(piece(digest)))
    rows = (row for each in listed for row in orjson.loads(zlib.decompress(piece(each))))
    return {row["id"]: charger_of(row) for row in rows}


def mentioned(content: bytes) -> Iterable[str]:
    """Return the digests in a compressed list."""
    listed: dict[str, str] | list[str] = json.loads(zlib.decompress(content))
    return listed.values() if isinstance(listed, dict) else listed


def _boxes(chargers: Mapping[str, Charger]) -> Iterable[list[dict[str, object]]]:
    boxes: dict[int, list[dict[str, object]]] = {}
    for id_, charger in sorted(chargers.items()):
        boxes.setdefault(zlib.crc32(id_.encode()) % _BOXES, []).append(charger_row(charger))
    return (boxes[at] for at in sorted(boxes))


def _listed(digests: Mapping[str, str] | list[str]) -> bytes:
    """Write a list; names of files may hold bytes that are no text, which only this library writes."""
    return json.dumps(digests, sort_keys=True).encode()
