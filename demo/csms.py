# ruff: noqa: INP001 - a script, not a package
"""A reference CSMS: OCPP 1.6, 2.0.1 and 2.1 on one port, with every access decision left to policy-service.

    python demo/csms.py --port 9000 --service http://127.0.0.1:8080

Chargers connect to ws://127.0.0.1:9000/<charger id>. Not shown are TLS and the chargers' passwords, which
`websockets.serve` takes as `ssl` and `process_request`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import signal
import time
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx2
from clock import WALL_CLOCK, stamp
from endings import Endings
from event_stream import EventStream
from sessions import FAILED, Sessions, at
from stations import CHARGERS, LOG, WIRE
from switching import Switching
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from policy_service.client import PolicyClient

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from clock import Clock
    from stations import Delegating
    from websockets.http11 import Request, Response

MOST_BYTES = 256 * 1024
MATCH_WITHIN_S = 2
CALL_WITHIN = httpx2.Timeout(10, pool=None)  # a switch of all chargers at once waits for its turn
AT_ONCE = httpx2.Limits(max_connections=32)
CHARGER_ID = re.compile(r"[A-Za-z0-9*\-_=:+|@.]{1,48}")


class Csms:
    """Takes in chargers; keeps their sessions, and the incidents."""

    def __init__(
        self,
        policy: PolicyClient,
        service: httpx2.AsyncClient,
        clock: Clock = WALL_CLOCK,
        endings: Path | None = None,
    ) -> None:
        """Ask ``policy`` for access, and ``service`` for the modes of chargers, and what a failed session was.

        ``endings`` is the file of the sessions that are to end.
        """
        self.policy = policy
        self.service = service
        self.clock = clock
        self.stations: dict[str, Delegating] = {}
        self.sessions = Sessions(self.was_denied)
        self.switching = Switching(self.stations, service, clock, Endings(endings, self.sessions.of))
        self.transaction_ids = count(int(time.time()))  # of 1.6: a restart begins with higher ones
        self.url = ""

    async def connected(self, websocket: ServerConnection) -> None:
        """Speak with a charger for as long as it is connected."""
        charger_id = _charger_id(websocket.request)
        charger = CHARGERS[str(websocket.subprotocol)](charger_id, websocket, self)
        LOG.info("%s: connected, %s", charger_id, websocket.subprotocol)
        self.stations[charger_id] = charger
        self.switching.connected(charger)
        try:
            with suppress(ConnectionClosed):
                await charger.start()
        finally:
            charger.gone()
            LOG.info("%s: gone", charger_id)
            if self.stations.get(charger_id) is charger:  # it may be back already, by another connection
                del self.stations[charger_id]
                self.switching.gone(charger_id)

    def now(self) -> str:
        """Tell the time, as OCPP spells it."""
        return stamp(self.clock.now())

    async def end(self, charger_id: str, transaction_id: str, reason: str) -> None:
        """End a session, and tell how."""
        session = await self.sessions.end(charger_id, transaction_id, reason)
        self.switching.endings.left(charger_id, transaction_id)
        level = logging.WARNING if session.result == FAILED else logging.INFO
        LOG.log(level, "%s: session %s %s, %s Wh", charger_id, transaction_id, session.result, session.energy_wh)

    def fault(self, charger_id: str, what: str) -> None:
        """Book a fault that a charger reports of itself, and tell it."""
        self.sessions.fault(charger_id, what)
        LOG.warning("%s: fault, %s", charger_id, what)

    async def was_denied(self, charger_id: str, transaction_id: str) -> bool:
        """Ask the service whether the transaction was refused; for as long as it cannot tell, it was not."""
        wanted = {"charger": charger_id, "transaction_id": transaction_id}
        try:
            reply = await self.service.get("/v1/events/match", params=wanted, timeout=MATCH_WITHIN_S)
            reply.raise_for_status()
            return at(reply.json(), "denied") is True
        except (httpx2.HTTPError, ValueError, RecursionError):
            return False


@asynccontextmanager
async def serving(
    service: str,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    key: str | None = None,
    clock: Clock = WALL_CLOCK,
    **fallbacks: Any,  # noqa: ANN401
) -> AsyncGenerator[Csms]:
    """Run the CSMS while the context is open; ``fallbacks`` are PolicyClient's ``bundle_label``, ``state_dir``, ….

    Raises OSError where it cannot listen.
    """
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    state: Path | None = fallbacks.get("state_dir")
    async with (
        PolicyClient(service, key=key, **fallbacks) as policy,
        httpx2.AsyncClient(base_url=service, headers=headers, timeout=CALL_WITHIN, limits=AT_ONCE) as http,
    ):
        csms = Csms(policy, http, clock, None if state is None else state / "endings")
        modes = EventStream(http, "/v1/transitions/stream", None if state is None else state / "mode-events")
        async with serve(
            csms.connected,
            host,
            port,
            subprotocols=[Subprotocol(name) for name in CHARGERS],
            process_request=_demand_charger_id,
            compression=None,  # it would cost more memory than all the rest of a connection
            max_size=MOST_BYTES,
            logger=WIRE,
        ) as server:
            csms.url = "ws://{}:{}".format(*next(iter(server.sockets)).getsockname()[:2])
            async with csms.switching.following(modes):
                yield csms


def _demand_charger_id(websocket: ServerConnection, request: Request) -> Response | None:
    found = CHARGER_ID.fullmatch(_charger_id(request))
    return None if found else websocket.respond(HTTPStatus.NOT_FOUND, "the path ends with no charger id\n")


def _charger_id(request: Request | None) -> str:
    return unquote("" if request is None else request.path.partition("?")[0].rpartition("/")[2])


async def main() -> None:
    """Run until interrupted or terminated."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=9000)
    options.add_argument("--service", default="http://127.0.0.1:8080", help="address of policy-service")
    options.add_argument("--key-file", type=Path, help="file with an API key of the scopes decide and read")
    options.add_argument("--bundle-label", help="label of the chargers to go on for while the service is away")
    options.add_argument("--state-dir", type=Path, help="directory for what is needed then")
    told = options.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    key = told.key_file.read_text().strip() if told.key_file else None
    fallbacks = {"bundle_label": told.bundle_label, "state_dir": told.state_dir}
    async with serving(told.service, host=told.host, port=told.port, key=key, **fallbacks) as csms:
        over = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, over.set)
        LOG.info("listening on %s", csms.url)
        await over.wait()


if __name__ == "__main__":
    asyncio.run(main())
