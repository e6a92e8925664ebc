"""The policy tree of a git revision, read from git's objects: the working tree is neither read nor touched."""

from __future__ import annotations

import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from policy_service.adapters.policy_files import MAX_FILES, MAX_TREE_BYTES
from policy_service.application.ports import PolicyFilesError
from policy_service.language.lines import MAX_BYTES
from policy_service.language.source import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PATIENCE_S = 60
_SYMLINK = b"120000"


class GitPolicyFiles:
    """Policy files under a directory as a revision has them. Dot-files and dot-directories are left out."""

    def __init__(self, revision: str, directory: Path) -> None:
        """Read this revision (a branch, a tag, a commit); the directory need not exist in the working tree."""
        self._revision = revision
        self._directory = directory

    def read(self) -> Mapping[str, bytes]:
        """Return every policy file by its name relative to the directory. Raises PolicyFilesError."""
        here = self._nearest()
        top = _git(here, "rev-parse", "--show-toplevel").decode().strip()
        prefix = _git(here, "rev-parse", "--show-prefix").decode().strip()
        below = self._directory.absolute().relative_to(here.absolute()).as_posix()
        root = PurePosixPath(prefix) / below
        commit = _git(here, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{self._revision}^{{commit}}")
        tree = f"{commit.decode().strip()}:{'' if str(root) == '.' else root}"
        blobs = dict(_listed(_git(here, "-C", top, "ls-tree", "-r", "-l", "-z", tree)))
        return dict(zip(blobs, _contents(here, list(blobs.values())), strict=True))

    def _nearest(self) -> Path:
        """Return the nearest directory that exists: git is asked from there."""
        return next(path for path in (self._directory, *self._directory.absolute().parents) if path.is_dir())


def _listed(listing: bytes) -> Iterator[tuple[str, str]]:
    """Yield name and object of every policy file of a listing (git-ls-tree, output format of ``-l -z``)."""
    found = total = 0
    for line in listing.split(b"\0"):
        described, _, raw = line.partition(b"\t")
        name = raw.decode("utf-8", "surrogateescape")
        if not name.endswith(SUFFIXES) or any(part.startswith(".") for part in PurePosixPath(name).parts):
            continue
        mode, _, blob, size = described.split()
        if mode == _SYMLINK:
            message = f"`{name}` is a symbolic link, which a revision cannot follow"
            raise PolicyFilesError(message)
        found, total = found + 1, total + min(int(size), MAX_BYTES)
        if found > MAX_FILES or total > MAX_TREE_BYTES:
            message = f"the revision has more than {MAX_FILES} policy files or {MAX_TREE_BYTES} bytes of them"
            raise PolicyFilesError(message)
        yield name, blob.decode()


def _contents(here: Path, blobs: list[str]) -> Iterator[bytes]:
    """Yield the contents of objects, in order (git-cat-file, batch output)."""
    batch = _git(here, "cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in blobs).encode())
    at = 0
    for _ in blobs:
        end = batch.index(b"\n", at)
        size = int(batch[at:end].rsplit(b" ", 1)[1])
        yield batch[end + 1 : end + 1 + min(size, MAX_BYTES + 1)]
        at = end + 1 + size + 1


def _git(here: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - arguments are ours but for a revision behind --end-of-options
            ["git", "-C", str(here), *arguments],  # noqa: S607 - whichever git the operator uses
            input=stdin,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except FileNotFoundError:
        message = "git is not installed"
        raise PolicyFilesError(message) from None
    except subprocess.TimeoutExpired:
        message = f"git did not answer within {_PATIENCE_S} seconds"
        raise PolicyFilesError(message) from None
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        raise PolicyFilesError(told or "git knows no such revision")
    return done.stdout
