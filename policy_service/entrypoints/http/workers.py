"""The supervisor of the worker processes: uvicorn's, which also tells the metrics of a worker that has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uvicorn.supervisors import Multiprocess

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

    from uvicorn import Config


class Workers(Multiprocess):
    """Starts workers, and starts another for each that ends."""

    def __init__(self, config: Config, sockets: list[socket], ended: Callable[[int], None]) -> None:
        """Call ``ended`` with the process id of a worker that is there no longer, however it went."""
        super().__init__(config, sockets)
        self._ended = ended
        self._seen: set[int] = set()

    def init_processes(self) -> None:
        """Start the first ones."""
        super().init_processes()
        self._let_go()

    def keep_subprocess_alive(self) -> None:
        """Start what has ended anew; uvicorn asks for this twice a second."""
        before = self._seen | self._pids()  # those of before may have gone by a signal to this process, too
        super().keep_subprocess_alive()
        self._let_go()
        self._seen = self._pids()
        for pid in before - self._seen:
            self._ended(pid)

    def _let_go(self) -> None:
        """Close this side's copies of the workers' ends: else one that dies before its pong is waited for in vain."""
        for process in self.processes:
            process.child_conn.close()

    def _pids(self) -> set[int]:
        return {process.pid for process in self.processes if process.pid is not None}
