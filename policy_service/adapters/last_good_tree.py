"""The last tree that compiled, as one checksummed file that is replaced by an atomic rename."""

from __future__ import annotations

import base64
import hashlib
from itertools import chain
from typing import TYPE_CHECKING

import orjson

from policy_service.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MAGIC = b"policy-service last good tree 1\n"
_PIECE_BYTES = 3 << 16
"""A multiple of three, so that what the pieces come to in a row is what the whole comes to."""


class FileLastGoodTree:
    """Keeps the tree in ``<directory>/last-good-tree``: a header, a SHA-256 line and the files as JSON."""

    def __init__(self, directory: Path) -> None:
        """Keep the file in the directory, which is made when it is first needed."""
        self._path = directory / "last-good-tree"

    def load(self) -> Mapping[str, bytes] | None:
        """Return the kept files; None where there are none or a byte of them is not as it was written."""
        try:
            raw = self._path.read_bytes()
        except OSError:
            return None
        if not raw.startswith(_MAGIC):
            return None
        checksum, _, body = raw[len(_MAGIC) :].partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != checksum:
            return None
        return {name: base64.b64decode(text) for name, text in orjson.loads(body).items()}

    def save(self, files: Mapping[str, bytes]) -> None:
        """Write beside, flush to the disk, rename over the former."""
        checksum = hashlib.sha256()
        for piece in _body(files):
            checksum.update(piece)
        write_whole(self._path, chain((_MAGIC, checksum.hexdigest().encode(), b"\n"), _body(files)))


def _body(files: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yield the files as one JSON object in small pieces: while all of a large tree is copied, nothing else runs."""
    before = b"{"
    for name, content in files.items():
        yield b'%b%b:"' % (before, orjson.dumps(name))
        for at in range(0, len(content), _PIECE_BYTES):
            yield base64.b64encode(content[at : at + _PIECE_BYTES])
        yield b'"'
        before = b","
    yield b"}" if files else b"{}"
