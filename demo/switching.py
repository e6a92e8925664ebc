# ruff: noqa: INP001 - lies beside scripts, not in a package
"""Brings chargers into the mode that policy-service wants: what a CSMS does at a switch, on boot, and on divergence.

The service says when something is due, and which orders lead to the mode. The CSMS sends them one after another, reads
back what became of them, and reports that. It never takes `Accepted` for an effect, and it never gives up by itself:
whatever went wrong is evidence, and the service says when another try is due.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx2
from clock import instant, seconds
from event_stream import GAP
from local_lists import refresh_list
from orders import ACCEPTED, GONE, REBOOT_REQUIRED, OrderFailedError, missed, statuses, variables
from sessions import at

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping

    from clock import Clock
    from endings import Endings
    from event_stream import Event, EventStream
    from stations import Delegating

LOG = logging.getLogger("csms")
FREEVEND, MANAGED = "freevend", "managed"
NOT_FOUND, AWAY = 404, {429, 503}
BOOT_WITHIN_S = 1.0
"""A charger that connects and does not boot within this only had lost the network."""
LATER_S = 60
"""How long a list is not asked for again that the service could not make."""
PAUSE_S = 0.5
"""How long a call of the service that failed rests before the next try."""


class Need(IntEnum):
    """What a charger needs, in the order in which it gets it."""

    MODE = 0
    CLEAR_CACHE = 1
    LIST = 2
    END = 3


class Transition(NamedTuple):
    """A change of mode that is not known to have taken place yet."""

    id: str
    at: float


class Outcome(NamedTuple):
    """What became of the orders: the mode that was read back, None where it could not be, and the evidence."""

    mode: str | None
    evidence: dict[str, Any]
    restarts: bool = False


class Switching:
    """Does for each charger what it needs, one thing after another, and for all chargers at once."""

    def __init__(
        self, stations: Mapping[str, Delegating], service: httpx2.AsyncClient, clock: Clock, endings: Endings
    ) -> None:
        """Order ``stations`` about, which are those that are connected, as ``service`` says."""
        self._stations, self._service, self._clock, self.endings = stations, service, clock, endings
        self._needs: dict[str, set[Need]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._transitions: dict[str, Transition] = {}
        self._restarted: set[str] = set()
        """Who was restarted for a mode once: it is not done a second time for the same."""
        self._booted: dict[str, bool] = {}
        self._over = False
        self._does: dict[Need, Callable[[str], Awaitable[None]]] = {
            Need.MODE: self._bring,
            Need.CLEAR_CACHE: self._clear_cache,
            Need.LIST: self._refresh_list,
            Need.END: self._end_sessions,
        }

    @asynccontextmanager
    async def following(self, stream: EventStream) -> AsyncGenerator[None]:
        """Do what the service says is due while the context is open; then leave all chargers as they are."""
        self._spawn(self._follow(stream))
        self._resume()
        try:
            yield
        finally:
            self._over = True
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def heard(self, event: Event) -> None:
        """Take in a mode event."""
        if event.type == GAP:
            for charger_id in self._stations:
                self.need(charger_id, Need.MODE, Need.CLEAR_CACHE, Need.LIST)
            return
        charger_id, due = str(event.data["charger"]), seconds(event.data["at"])
        match event.type:
            case "mode.transition_due":
                transition = Transition(event.data["transition_id"], due)
                self._transitions[charger_id] = transition
                sessions: Mapping[str, Any] = event.data.get("running_sessions") or {}
                self.endings.told(transition.id, charger_id, due, sessions)
                self._restarted.discard(charger_id)
                self._spawn(self._need_at(charger_id, due))
            case "mode.retry_due":
                self._restarted.discard(charger_id)
                self.need(charger_id, Need.MODE)
            case "mode.diverged":
                self.need(charger_id, Need.MODE)
            case "cache.clear_due":
                self.need(charger_id, Need.CLEAR_CACHE)
            case "local_list.update_due":
                self.need(charger_id, Need.LIST)
            case _:
                pass

    def connected(self, station: Delegating) -> None:
        """Bring a charger into its mode that has come back, also where it does not boot."""
        self._spawn(self._need_unless_it_boots(station))

    def booted(self, station: Delegating) -> None:
        """Bring a charger into its mode that has started: some firmware forgets."""
        self._booted[station.id] = True
        self.need(station.id, Need.MODE, Need.LIST, Need.END)

    def gone(self, charger_id: str) -> None:
        """Report that a charger cannot be reached."""
        self._spawn(self._report(charger_id, online=False))

    def need(self, charger_id: str, *needs: Need) -> None:
        """Do for a charger what it needs, as soon as what it needed before is done."""
        if charger_id in self._needs:
            self._needs[charger_id].update(needs)
            return
        self._needs[charger_id] = set(needs)
        self._spawn(self._serve(charger_id))

    def breached(self, charger_id: str, transaction_id: str) -> None:
        """End a session that a charger let begin in managed mode without asking, where the policy wants that."""
        self._spawn(self.stop(charger_id, transaction_id))

    async def stop(self, charger_id: str, transaction_id: str) -> None:
        """End one session."""
        if (station := self._stations.get(charger_id)) is not None:
            with suppress(OrderFailedError):
                await station.order(*station.stopping(transaction_id))
                LOG.info("%s: session %s is to end", charger_id, transaction_id)

    def _resume(self) -> None:
        """Go on with what was to end when this process began."""
        for transition_id, ending in self.endings.all().items():
            if ending.arrived:
                self._spawn(self._need_at(ending.charger, ending.due, Need.END))
            else:
                self._transitions[ending.charger] = Transition(transition_id, ending.at)
                self._spawn(self._need_at(ending.charger, ending.at))

    async def _follow(self, stream: EventStream) -> None:
        async for event in stream.follow():
            self.heard(event)

    async def _serve(self, charger_id: str) -> None:
        try:
            while needs := self._needs[charger_id]:
                need = min(needs)
                needs.discard(need)
                try:
                    await self._does[need](charger_id)
                except (OrderFailedError, httpx2.HTTPStatusError) as error:
                    LOG.info("%s: %s not done, %s", charger_id, need.name, error)
        finally:
            del self._needs[charger_id]

    async def _need_at(self, charger_id: str, due: float, need: Need = Need.MODE) -> None:
        await self._clock.sleep(due - self._clock.now())
        self.need(charger_id, need)

    async def _need_unless_it_boots(self, station: Delegating) -> None:
        await self._clock.sleep(BOOT_WITHIN_S)
        if not station.booted:
            self.need(station.id, Need.MODE, Need.LIST, Need.END)

    async def _bring(self, charger_id: str) -> None:
        """Bring a charger into the mode that it should be in, and report where it is."""
        station = self._stations.get(charger_id)
        if station is None:
            await self._report(charger_id, online=False)
            return
        everything = {"reported": "unknown"}  # what is written once more does no harm, and may have been forgotten
        wanted = await self._call("GET", f"/v1/chargers/{charger_id}/commands", everything)
        if wanted is None or wanted["mode"] is None:
            return  # no policy governs it: it is left alone
        outcome = await self._carry_out(station, wanted)
        if outcome.restarts:
            return  # it goes on when it has booted
        LOG.info("%s: should be %s, is %s", charger_id, wanted["mode"], outcome.mode or "unknown")
        await self._report(charger_id, outcome)
        if outcome.mode == wanted["mode"]:
            self._arrived(charger_id)

    async def _carry_out(self, station: Delegating, wanted: Mapping[str, Any]) -> Outcome:
        """Send the orders one after another, and tell by what is read back where they have led."""
        said: list[str] = []
        read: dict[str, str] = {}
        wrong: dict[str, str | None] = {}
        for command in wanted["commands"]:
            expected: dict[str, str] = at(command, "expect", "variables") or {}
            if command["action"] == "Reset" or (expected and _asks_for_restart(said)):
                if await self._restarts(station, wanted["reset"]):
                    return Outcome(None, {}, restarts=True)
                if command["action"] == "Reset":
                    continue
            try:
                answer = await station.order(command["action"], command["payload"])
            except OrderFailedError as error:
                if str(error) == GONE:
                    raise
                said.append(f"{command['action']}: {error}")
                wrong.update(dict.fromkeys(expected))
                continue
            said.extend(f"{command['action']}: {status}" for status in statuses(answer))
            found = variables(answer)
            read.update({name: found[name] for name in expected if name in found})
            wrong.update(missed(expected, found))
        if _asks_for_restart(said) and not read and await self._restarts(station, wanted["reset"]):
            return Outcome(None, {}, restarts=True)
        evidence = {"variables": read, "status": _worst(said), "commands": said}
        if wanted["fallback"]:  # it asks always: what it is answered is the switch
            evidence["fallback"] = wanted["fallback"]
        return Outcome(_mode(wanted["mode"], wrong), evidence)

    async def _restarts(self, station: Delegating, reset: Mapping[str, Any] | None) -> bool:
        """Restart a charger, unless that was done for this mode already; it goes on when it has booted."""
        if reset is None or station.id in self._restarted:
            return False
        self._restarted.add(station.id)
        return ACCEPTED in statuses(await station.order(reset["action"], reset["payload"]))

    def _arrived(self, charger_id: str) -> None:
        """Do what goes with a switch that has taken place: a new list, and the end of sessions where that is wanted."""
        self._restarted.discard(charger_id)
        transition = self._transitions.get(charger_id)
        if transition is None or transition.at > self._clock.now():
            return
        del self._transitions[charger_id]
        self.need(charger_id, Need.LIST)
        ending = self.endings.arrived(transition.id)
        if ending is not None:
            self._spawn(self._need_at(charger_id, ending.due, Need.END))

    async def _clear_cache(self, charger_id: str) -> None:
        if (station := self._stations.get(charger_id)) is not None:
            await station.order("ClearCache", {})

    async def _refresh_list(self, charger_id: str) -> None:
        if (station := self._stations.get(charger_id)) is not None:
            try:
                await refresh_list(station, self._list_for)
            except httpx2.HTTPStatusError as error:
                if error.response.status_code not in AWAY:
                    raise
                self._spawn(self._need_later(charger_id))  # its mode must not wait for that

    async def _list_for(self, charger_id: str, since: int) -> Any:  # noqa: ANN401 - any JSON value
        path = f"/v1/chargers/{charger_id}/local-auth-list"
        return await self._call("GET", path, {"since": since}, waits=False)

    async def _need_later(self, charger_id: str) -> None:
        await self._clock.sleep(LATER_S)
        self.need(charger_id, Need.LIST)

    async def _end_sessions(self, charger_id: str) -> None:
        """End the sessions whose time is up; of a charger that is away, when it is back."""
        station, now = self._stations.get(charger_id), self._clock.now()
        for transaction_id in self.endings.due(charger_id, now):
            await self.stop(charger_id, transaction_id)
        if station is not None and self._stations.get(charger_id) is station:
            self.endings.ended(charger_id, now)

    async def _report(self, charger_id: str, outcome: Outcome | None = None, *, online: bool = True) -> None:
        """Tell the service where a charger is; without an outcome, only whether it can be reached."""
        transition = self._transitions.get(charger_id)
        told: dict[str, Any] = {"at": instant(self._clock.now()), "online": online}
        if outcome is not None:
            told |= {"mode": outcome.mode, "evidence": outcome.evidence}
        if outcome is not None and transition is not None and transition.at <= self._clock.now():
            told["transition_id"] = transition.id
        if self._booted.pop(charger_id, None):
            told["boot"] = True
        await self._call("PUT", f"/v1/chargers/{charger_id}/reported", body=told)

    async def _call(
        self,
        method: str,
        path: str,
        asked: Mapping[str, str | int] | None = None,
        body: object = None,
        *,
        waits: bool = True,
    ) -> Any:  # noqa: ANN401 - any JSON value
        """Call the service until it answers; None for a charger that it does not know. Raises HTTPStatusError."""
        while True:
            try:
                reply = await self._service.request(method, path, params=asked, json=body)
                if reply.status_code == NOT_FOUND:
                    return None
                if reply.status_code not in AWAY or not waits:
                    return reply.raise_for_status().json()
            except httpx2.TransportError as error:
                LOG.debug("%s: %s", path, type(error).__name__)
            await asyncio.sleep(PAUSE_S)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._over:
            work.close()
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _mode(wanted: str, wrong: Mapping[str, str | None]) -> str | None:
    """Return the mode that a charger is in: by another value it is the other one, without any it is unknown."""
    if not wrong:
        return wanted
    if None in wrong.values():
        return None
    return MANAGED if wanted == FREEVEND else FREEVEND


def _asks_for_restart(said: list[str]) -> bool:
    return any(each.endswith(REBOOT_REQUIRED) for each in said)


def _worst(said: list[str]) -> str:
    """Return the last status that is not Accepted, if there is one."""
    return next((each for each in reversed(said) if not each.endswith(ACCEPTED)), ACCEPTED).rpartition(" ")[2]
