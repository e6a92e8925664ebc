# ruff: noqa: INP001 - lies beside scripts, not in a package
"""A simulated charger as it stands in the yard: it boots, loses the network, comes back, and drivers come to it.

async with simulated(MODELS["wallbox 1.6"], "ws://127.0.0.1:9000", "YARD-7") as charger:
    await charger.connected()
    assert await charger.plug_in(Token("04A2B3C4D5E680"))
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clock import WALL_CLOCK, seconds
from firmware import CACHED_FOR_S, GOOD, Firmware
from ocpp.exceptions import OCPPError
from remote_control import CONTROLLED
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from chargers import Token, Verdict
    from clock import Clock
    from firmware import Habits
    from models import Model

RETRY_S = 0.5
"""How soon it tries to connect again."""
SESSION_WH = 7_000
_GONE = (ConnectionClosed, OSError, InvalidHandshake, OCPPError, TimeoutError)


@dataclass(slots=True)
class Offline:
    """A session that began while the network was gone, to be told of afterwards."""

    token: Token
    began: datetime
    ended: datetime | None = None


class SimulatedCharger:
    """A charger with one connector."""

    def __init__(self, model: Model, url: str, charger_id: str, *, habits: Habits, is_open: bool, clock: Clock) -> None:
        """Stand there without power."""
        self.id, self.model, self.clock = charger_id, model, clock
        self.firmware = Firmware(model, f"SN{charger_id[-18:]}", habits, is_open)
        self.boots = 0
        self.modes = [(clock.now(), self.firmware.freevend)]
        """Since when, in epoch seconds, it has been in freevend, and since when not."""
        self.links = [(clock.now(), False)]
        """Since when, in epoch seconds, the CSMS can reach it, and since when not."""
        self._url = url
        self._link: Any = None
        self._transaction_id: Any = None
        self._untold: list[Offline] = []
        self._booted = False
        self._network, self._cut, self._online = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._network.set()

    @property
    def freevend(self) -> bool:
        """Whether it lets everybody charge."""
        return self.firmware.freevend

    @property
    def online(self) -> bool:
        """Whether the CSMS can reach it."""
        return self._online.is_set()

    @property
    def has_network(self) -> bool:
        """Whether the cable is in."""
        return self._network.is_set()

    @property
    def charging(self) -> bool:
        """Whether a session runs."""
        return bool(self._transaction_id) or any(each.ended is None for each in self._untold)

    async def connected(self) -> None:
        """Wait until the CSMS can reach it, and has been told that it booted."""
        await self._online.wait()

    def lose_network(self) -> None:
        """Pull the cable."""
        self._network.clear()
        self._reach(online=False)
        self._cut.set()

    def regain_network(self) -> None:
        """Put the cable back."""
        self._network.set()

    def restart(self) -> None:
        """Start anew: what was not yet in effect is, what it forgets is gone, and it says so on boot."""
        self.firmware.restart()
        self._booted = False
        self._reach(online=False)
        self._cut.set()
        self.look()

    def look(self) -> None:
        """Write down its mode, if that has changed."""
        if self.freevend is not self.modes[-1][1]:
            self.modes.append((self.clock.now(), self.freevend))

    async def plug_in(self, token: Token | None = None) -> bool:
        """Let a driver come, who presents a token or none; return whether energy flows."""
        firmware = self.firmware
        if self.charging:
            return False
        if firmware.freevend:
            return await self._begin(firmware.freevend_token)
        if token is None:
            return False
        if not firmware.starts_unasked(token.text, self.clock.now(), online=self.online):
            if not self.online:
                return False
            verdict = await self._link.authorize(token)
            if not verdict.accepted:
                return False
            self._remember(token, verdict)
        return await self._begin(token)

    async def plug_out(self, reason: str = "EVDisconnected", energy_wh: int = SESSION_WH) -> None:
        """Let the driver leave."""
        if self._untold and self._untold[-1].ended is None:
            self._untold[-1].ended = self._now()
        elif self._transaction_id:
            self._transaction_id = None
            await self._link.end(energy_wh, reason)
            self._link.transaction_id = None

    async def stop_remotely(self) -> None:
        """End the session as the CSMS has ordered."""
        with suppress(*_GONE):
            await self.plug_out("Remote")

    async def live(self) -> None:
        """Connect, and connect again, until cancelled."""
        while True:
            await self._network.wait()
            self._cut.clear()
            with suppress(*_GONE):
                await self._connection()
            self._reach(online=False)
            await asyncio.sleep(0 if self._cut.is_set() else RETRY_S)

    async def _connection(self) -> None:
        """Speak with the CSMS until either goes, or a cut."""
        protocol = Subprotocol(f"ocpp{self.model.version}")
        async with connect(f"{self._url}/{self.id}", subprotocols=[protocol], compression=None) as websocket:
            link = CONTROLLED[self.model.version](self.id, websocket, self)
            link.transaction_id = self._transaction_id
            ends = [asyncio.create_task(each) for each in (link.start(), self._cut.wait(), self._greet(link))]
            try:
                await asyncio.wait(ends[:2], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()
                await asyncio.gather(*ends, return_exceptions=True)

    async def _greet(self, link: Any) -> None:  # noqa: ANN401 - a class made of the library's
        """Say who it is if it has restarted, and tell what happened meanwhile."""
        if not self._booted:
            await link.boot()
            self._booted = True
            self.boots += 1
        while self._untold and self._untold[0].ended is not None:
            told = self._untold[0]
            await link.begin(told.token, at=told.began, offline=True)
            await link.end(SESSION_WH, at=told.ended, offline=True)
            link.transaction_id = None
            self._untold.pop(0)
        self._link = link
        self._reach(online=True)

    def _reach(self, *, online: bool) -> None:
        """Be online, or not any more."""
        if online is not self.links[-1][1]:
            self.links.append((self.clock.now(), online))
        if online:
            self._online.set()
        else:
            self._online.clear()

    async def _begin(self, token: Token) -> bool:
        if not self.online:
            self._untold.append(Offline(token, self._now()))
            return True
        verdict: Verdict = await self._link.begin(token)
        self._transaction_id = self._link.transaction_id
        if not verdict.accepted:
            await self.plug_out("DeAuthorized", 0)
        return verdict.accepted

    def _remember(self, token: Token, verdict: Verdict) -> None:
        until = self.clock.now() + CACHED_FOR_S if verdict.until is None else seconds(verdict.until)
        self.firmware.remember(token.text, until)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)


@asynccontextmanager
async def simulated(
    model: Model,
    url: str,
    charger_id: str,
    *,
    habits: Habits = GOOD,
    is_open: bool = False,
    clock: Clock = WALL_CLOCK,
) -> AsyncGenerator[SimulatedCharger]:
    """Power a charger while the context is open; it comes from the factory in freevend if ``is_open``."""
    charger = SimulatedCharger(model, url, charger_id, habits=habits, is_open=is_open, clock=clock)
    living = asyncio.create_task(charger.live())
    try:
        yield charger
    finally:
        living.cancel()
        with suppress(asyncio.CancelledError):
            await living
