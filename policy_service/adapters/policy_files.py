"""The policy tree as files of a directory: read consistently, watched by notification and by polling."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from watchfiles import awatch  # pyright: ignore[reportUnknownVariableType] - one of its parameters is untyped

from policy_service.application.ports import PolicyFilesError
from policy_service.language.lines import MAX_BYTES
from policy_service.language.source import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

MAX_FILES = 20_000
MAX_DIRECTORIES = 5_000
MAX_TREE_BYTES = 256 * 1024 * 1024
_HASH_UP_TO = 16 * 1024 * 1024
"""Trees up to this size are compared by content, larger ones by what the file system says of each file."""
_ATTEMPTS = 20
_PAUSE = 0.05


class DirectoryPolicyFiles:
    """Policy files under a directory. Dot-files and dot-directories are left out, symlinks are followed within it.

    Who may commit policies may commit links, and findings quote what they lead to: a key of the service, or of a
    pipeline's runner, is no policy. The directory itself may be a link, and within it Kubernetes has ``..data``.

    A Kubernetes ``..data`` swap, a rename of the directory and an editor's atomic rename all show as a changed
    signature, because paths are resolved anew on every look.
    """

    def __init__(self, root: Path, *, interval: float = 1.0) -> None:
        """Read under ``root``; look for changes at least every ``interval`` seconds."""
        self._root = root
        self._interval = interval
        self._read: str | None = None
        """What was read last, whoever asked for it: what differs from that is a change, however often it came about."""

    def read(self) -> Mapping[str, bytes]:
        """Return every policy file by its relative name, as of one moment."""
        try:
            signature, files = self._read_at_rest()
        except PolicyFilesError as error:
            self._read = _unreadable(error)
            raise
        self._read = _digest(signature, files)
        return files

    def _read_at_rest(self) -> tuple[dict[str, _Stat], dict[str, bytes]]:
        for _ in range(_ATTEMPTS):
            try:
                before = _signature(self._root)
                files = _contents(before)
                if _signature(self._root) == before:
                    return before, files
            except FileNotFoundError:  # renamed away between the listing and the read
                pass
            except OSError as error:
                message = "the policy directory cannot be read"
                raise PolicyFilesError(message) from error
            time.sleep(_PAUSE)
        message = "the policy files kept changing while they were read"
        raise PolicyFilesError(message)

    async def changes(self) -> AsyncIterator[None]:
        """Yield whenever the tree looks different from what was read last."""
        while True:
            if await asyncio.to_thread(self._look) != self._read:
                yield
            await self._stir()

    async def _stir(self) -> None:
        """Wait for a notification or for the interval, whichever comes first."""
        try:
            watch = awatch(
                self._root,
                watch_filter=None,
                debounce=50,
                rust_timeout=max(1, int(self._interval * 1000)),
                yield_on_timeout=True,
            )
            async for _ in watch:
                await watch.aclose()
                return
        except Exception:  # noqa: BLE001 - no directory, no watches left, a name it cannot read: polling goes on
            await asyncio.sleep(self._interval)

    def _look(self) -> str:
        try:
            signature = _signature(self._root)
            return _digest(signature, _contents(signature) if _is_small(signature) else {})
        except (OSError, PolicyFilesError) as error:
            return _unreadable(error)


def _unreadable(error: Exception) -> str:
    return f"unreadable: {error}"


def _is_small(signature: Mapping[str, _Stat]) -> bool:
    return sum(size for _, size, *_ in signature.values()) <= _HASH_UP_TO


def _digest(signature: Mapping[str, _Stat], files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    if _is_small(signature):
        for name, content in files.items():
            digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
            digest.update(content)
    else:
        digest.update(repr(signature).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


_Stat = tuple[Path, int, int, int, int]


def _signature(root: Path) -> dict[str, _Stat]:
    """Return path, size, modification and change times and inode of every policy file by relative name."""
    if not root.is_dir():
        message = "the policy path is no directory" if os.path.lexists(root) else "the policy directory does not exist"
        raise PolicyFilesError(message)
    found: dict[str, _Stat] = {}
    total = 0
    for path in _walk(root):
        try:
            stat = path.stat()
        except OSError:  # a dangling link or a file that just went; the next look sees what became of it
            continue
        found[_name(path, root)] = (path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
        total += min(stat.st_size, MAX_BYTES)
        if len(found) > MAX_FILES or total > MAX_TREE_BYTES:
            message = f"the policy directory has more than {MAX_FILES} files or {MAX_TREE_BYTES} bytes"
            raise PolicyFilesError(message)
    return dict(sorted(found.items()))


def _name(path: Path, root: Path) -> str:
    name = path.relative_to(root).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:  # findings name files, and what is kept for a restart is written as text
        message = f"the name of a policy file is not UTF-8: `{_shown(name)}`"
        raise PolicyFilesError(message) from None
    return name


def _shown(name: str) -> str:
    """Return a file's name as text that can be printed and sent."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(character if character.isprintable() else "�" for character in text)


def _walk(root: Path) -> Iterator[Path]:
    """Yield every policy file; links of a few directories to each other are ways without number, and end at a bound."""
    within = _Within(root)
    waiting: list[tuple[Path, frozenset[tuple[int, int]]]] = [(root, frozenset())]
    looked_at = 0
    while waiting:
        directory, above = waiting.pop()
        looked_at += 1
        if looked_at > MAX_DIRECTORIES:
            message = f"there are more than {MAX_DIRECTORIES} ways to directories in the policy directory"
            raise PolicyFilesError(message)
        here, entries = _listed(directory)
        if here in above:  # a symlink back to a directory that leads here
            continue
        for entry in entries:
            inner, file = _kind(entry, within)
            if inner:
                waiting.append((Path(entry.path), above | {here}))
            elif file:
                yield Path(entry.path)


def _listed(directory: Path) -> tuple[tuple[int, int], list[os.DirEntry[str]]]:
    """Return which directory that is, and what is in it."""
    try:
        stat = directory.stat()
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except FileNotFoundError:
        return (0, 0), []
    except OSError as error:
        message = "a policy directory cannot be read"
        raise PolicyFilesError(message) from error
    return (stat.st_dev, stat.st_ino), [entry for entry in entries if not entry.name.startswith(".")]


class _Within:
    """Where links of the tree lead; each is followed once, on however many ways it is come by."""

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.realpath(root))
        self._known: dict[tuple[int, int], bool] = {}

    def leads_out(self, link: os.DirEntry[str]) -> bool:
        """Tell whether a link leads out of the tree, or to what is left out of it, as ``.git`` and keys in it are."""
        try:
            own = link.stat(follow_symlinks=False)
        except OSError:  # it just went
            return False
        which = own.st_dev, own.st_ino
        if which not in self._known:
            self._known[which] = self._is_outside(Path(os.path.realpath(link)))
        return self._known[which]

    def _is_outside(self, real: Path) -> bool:
        if not real.is_relative_to(self._root):
            return True
        hidden = (part for part in real.relative_to(self._root).parts if part.startswith("."))
        return any(not part.startswith("..") for part in hidden)


def _kind(entry: os.DirEntry[str], within: _Within) -> tuple[bool, bool]:
    """Tell whether an entry is a directory, and whether a policy file. Raises PolicyFilesError for what may not be."""
    inner, file = _seen(entry)
    if (inner or file) and entry.is_symlink() and within.leads_out(entry):
        message = f"the policy directory's `{_shown(entry.name)}` is a link that leads out of it; put a copy there"
        raise PolicyFilesError(message)
    if not (inner or file) and entry.name.endswith(SUFFIXES):  # without it the rest would be in force unnoticed
        message = f"the policy directory's `{_shown(entry.name)}` is no file, and leads to none"
        raise PolicyFilesError(message)
    if inner and entry.name.endswith(SUFFIXES) and not any(Path(entry.path).iterdir()):
        # what container engines make where they are to mount a file that is missing
        message = f"the policy directory's `{_shown(entry.name)}` is an empty directory in the place of a file"
        raise PolicyFilesError(message)
    return inner, file


def _seen(entry: os.DirEntry[str]) -> tuple[bool, bool]:
    """Tell whether an entry is a directory, and whether a policy file; one that leads nowhere is neither."""
    try:
        return entry.is_dir(), entry.name.endswith(SUFFIXES) and entry.is_file()
    except OSError as error:
        if error.errno == errno.ELOOP:  # a symlink to itself
            return False, False
        message = f"the policy directory's `{_shown(entry.name)}` cannot be read"
        raise PolicyFilesError(message) from error


def _contents(signature: Mapping[str, _Stat]) -> dict[str, bytes]:
    try:
        return {name: _head(path) for name, (path, *_) in signature.items()}
    except FileNotFoundError:
        raise
    except OSError as error:
        message = "a policy file cannot be read"
        raise PolicyFilesError(message) from error


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)  # of a larger file enough for the language to report it with its place
