"""A disk that is soon full: a small file system in memory."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_MOUNT = """no small file system could be mounted for the tests: {why}
They mount a tmpfs, which takes root and, in a container, the capability SYS_ADMIN (docker run --cap-add SYS_ADMIN)"""


class SmallDisk:
    """A mounted file system that can be filled and emptied."""

    def __init__(self, path: Path) -> None:
        """Take the place where it is mounted."""
        self.path = path
        self._filling = path / "filling"

    def fill(self) -> None:
        """Leave no byte free."""
        with self._filling.open("ab", buffering=0) as file, suppress(OSError):
            for size in (1 << 20, 1 << 12, 1):
                with suppress(OSError):
                    while True:
                        if file.write(b"x" * size) < size:
                            break
        probe = self.path / "probe"
        try:
            probe.write_bytes(b"x")
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017 - the disk is to be full, and nothing else
        else:
            raise AssertionError("the disk is not full")  # noqa: EM101, TRY003 - a defect of this helper
        finally:
            with suppress(OSError):
                probe.unlink()

    def empty(self) -> None:
        """Give the room back."""
        self._filling.unlink()


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """Mount one of that size while the context is open."""
    path = Path(tempfile.mkdtemp(prefix="disk-"))
    options = f"size={megabytes}m,mode=0700,uid={os.getuid()}"
    mounted = subprocess.run(  # noqa: S603 - the system's own program
        ["/usr/bin/env", "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert mounted.returncode == 0, _NO_MOUNT.format(why=mounted.stderr.strip())
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["/usr/bin/env", "umount", "-l", str(path)], check=True)  # noqa: S603 - as above
        path.rmdir()
