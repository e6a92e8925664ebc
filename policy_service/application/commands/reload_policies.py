"""Reload the policies: read, load, compile, swap; a broken tree changes nothing but what is reported."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol

from policy_service.application.freed_memory import give_back
from policy_service.application.plan_holder import PlanState
from policy_service.application.ports import PlanOrigin, PolicyFilesError, StoreUnavailableError
from policy_service.application.tree_digest import digest_of
from policy_service.application.undisturbed import tidy, undisturbed
from policy_service.domain.diagnostic import Severity
from policy_service.engine.compile import CompileContext, compile_plan
from policy_service.engine.compile_overrides import compile_overrides, findings_about
from policy_service.engine.compile_sound import sound_part
from policy_service.language.load import load
from policy_service.letting_go import let_go

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policy_service.application.plan_holder import PlanHolder
    from policy_service.application.ports import Clock, ImportedChargers, LastGoodTree, PolicyFiles, StandingOverrides
    from policy_service.domain.access import Ungoverned
    from policy_service.domain.charger import Charger
    from policy_service.domain.charger_profile import BuiltInProfiles
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.domain.made_override import MadeOverride
    from policy_service.domain.policy import Override
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.engine.holiday_days import HolidayDates
    from policy_service.engine.plan import Plan
    from policy_service.language.load import Cache

ReloadStatus = Literal["in_force", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """How a reload went; ``refused`` leaves what was in force as it was."""

    status: ReloadStatus
    diagnostics: tuple[Diagnostic, ...] = ()
    unreadable: str | None = None
    stale_chargers: bool = False
    """The store could not be asked for imported chargers; those known before stay."""
    kept: bool = True
    """The tree could be kept on this node for a restart."""


_TIDY_AFTER = 200
"""So many loads leave some megabytes that go round in circles."""


class ReloadWatcher(Protocol):
    """Is told how every load went: logs and metrics stand behind it."""

    def loaded(self, outcome: ReloadOutcome, state: PlanState, seconds: float) -> None:
        """Take notice of a finished load."""
        ...


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a thread brings back: a plan with its tree, or the findings that stand in its way."""

    plan: Plan | None
    tree: PolicyTree | None
    diagnostics: tuple[Diagnostic, ...]
    """Those of files; what is wrong with overrides comes after them."""
    failure: str | None = None
    content: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    chargers: Mapping[str, Charger] = field(default_factory=dict[str, "Charger"])
    """The imported ones that were compiled in."""
    made: tuple[MadeOverride, ...] = ()
    """Overrides that were compiled in."""
    unfit: tuple[Diagnostic, ...] = ()
    """Why overrides are not in force; they keep nothing else out of it."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What this node knew of chargers and overrides of HTTP when the stores were last heard of."""

    chargers: Mapping[str, Charger]
    overrides: Sequence[MadeOverride]


class BrokenTreeError(Exception):
    """No tree can be served: neither the committed one nor one kept from before."""

    def __init__(self, state: PlanState) -> None:
        """Keep the state with the diagnostics and the sources they point into."""
        super().__init__(state.unreadable or f"{len(state.diagnostics)} findings")
        self.state = state


class ReloadPolicies:
    """The only writer of the plan holder."""

    def __init__(  # noqa: PLR0913 - one argument a collaborator
        self,
        plans: PlanHolder,
        files: PolicyFiles,
        last_good: LastGoodTree,
        chargers: ImportedChargers,
        overrides: StandingOverrides,
        holidays: HolidayDates,
        profiles: BuiltInProfiles,
        clock: Clock,
        ungoverned: Ungoverned,
        watcher: ReloadWatcher,
        *,
        at_hand: bool = True,
    ) -> None:
        """Wire the collaborators; nothing is read before the first call.

        ``at_hand`` tells whether plans are made for many questions; see CompileContext.
        """
        self._plans = plans
        self._files = files
        self._last_good = last_good
        self._chargers = chargers
        self._overrides = overrides
        self._holidays = holidays
        self._profiles = profiles
        self._clock = clock
        self._ungoverned = ungoverned
        self._watcher = watcher
        self._at_hand = at_hand
        self._one_at_a_time = asyncio.Lock()
        self._loads = 0
        self._imported: Mapping[str, Charger] = {}
        self._made: Sequence[MadeOverride] = ()
        self._standing: _Loaded | None = None
        self._asked: tuple[str, Mapping[str, Charger]] | None = None
        self._cache: Cache = {}

    async def start(self, remembered: Remembered | None = None) -> ReloadOutcome:
        """Load for the first time; where the tree is broken, serve the last good one. Raises BrokenTreeError.

        What the stores cannot be asked for is taken from what is remembered.
        """
        if remembered is not None:
            self._imported, self._made = remembered.chargers, remembered.overrides
        with suppress(StoreUnavailableError):
            self._made = await self._overrides.standing(self._clock.now())
        outcome = await self()
        if self._plans.state.plan is None:
            await self._serve_last_good()
        return outcome

    async def __call__(self, *, force: bool = False) -> ReloadOutcome:
        """Bring what is committed into force, unless it is in force already or broken."""
        async with self._one_at_a_time:
            began = self._clock.now_ms()
            outcome = await self._reload(force=force)
            if outcome.status != "unchanged":
                self._watcher.loaded(outcome, self._plans.state, (self._clock.now_ms() - began) / 1000)
            return outcome

    async def objections(self, chargers: Mapping[str, Charger]) -> Sequence[str]:
        """Return what speaks against these imported chargers: files that list them, or a tie of policies."""
        tree = self._plans.state.tree
        if tree is None:
            return ()
        filed = [key for key in chargers if key in tree.chargers and key not in self._imported]
        if filed:
            return [f"{tree.chargers[key].place}: the charger is listed there" for key in filed]
        context = self._context("", _unfiled(chargers, tree), self._plans.state.plan)
        compiled = await asyncio.to_thread(compile_plan, tree, context)
        errors = [found for found in compiled.diagnostics if found.severity is Severity.ERROR]
        return [f"{found.place}: {found.code} {found.message}" for found in errors]

    async def follow_overrides(self) -> bool:
        """Bring the overrides as stored into force, over the policies that are, and tell whether they are.

        Raises StoreUnavailableError.
        """
        async with self._one_at_a_time:
            made = await self._overrides.standing(self._clock.now())
            if made == self._made:
                return True
            try:
                await self._swap_overrides(made)
            except Exception as error:  # noqa: BLE001 - whatever an override brings to light, following goes on
                failure = f"overrides could not be put in force ({type(error).__name__})"
                self._watcher.loaded(ReloadOutcome("refused", (), failure), self._plans.state, 0)
                return False
            self._made = made
            return True

    async def _swap_overrides(self, made: Sequence[MadeOverride]) -> None:
        if self._standing is None:
            return
        loaded = self._standing = await asyncio.to_thread(self._overridden, self._standing, made)
        state = self._plans.state
        found = state.diagnostics if state.degraded else (*loaded.diagnostics, *loaded.unfit)
        self._plans.swap(replace(state, plan=loaded.plan, origin=self._origin(loaded), diagnostics=found))

    def findings_about(self, override: Override) -> Sequence[Diagnostic]:
        """Return what speaks against an override's conditions under the policies in force."""
        tree = self._plans.state.tree
        return () if tree is None else findings_about(override, tree, self._context("", {}, None))

    async def roll(self) -> None:
        """Move the part of time that the plan keeps at hand on to today, and tidy up, as of once a day."""
        async with self._one_at_a_time:
            if (plan := self._plans.state.plan) is not None:
                await asyncio.to_thread(plan.roll, self._clock.now())
                tidy()
                await asyncio.to_thread(give_back)

    async def _reload(self, *, force: bool) -> ReloadOutcome:
        stale = not await self._fetch_chargers()
        try:
            files = await asyncio.to_thread(self._files.read)
        except PolicyFilesError as error:
            return self._refuse({}, (), str(error), stale=stale)
        asked = (digest_of(files), self._imported)
        if asked == self._asked and not force:
            return ReloadOutcome("unchanged", self._plans.state.diagnostics, self._plans.state.unreadable, stale)
        loaded = await self._load(files, asked[0])
        self._asked = asked
        if loaded.plan is None:
            return self._refuse(files, loaded.diagnostics, loaded.failure, stale=stale)
        self._standing = loaded
        found = (*loaded.diagnostics, *loaded.unfit)
        state = PlanState(loaded.plan, loaded.tree, self._origin(loaded), files, found, loaded_at=self._clock.now())
        await asyncio.to_thread(_let_go, self._swapped(state))
        kept = await self._keep(files)
        asyncio.get_running_loop().run_in_executor(None, give_back)  # what reading took; nobody waits for it
        return ReloadOutcome("in_force", found, stale_chargers=stale, kept=kept)

    def _swapped(self, state: PlanState) -> list[Mapping[str, object]]:
        """Put a state in force, and return what the one before held most of: its end must not hold up decisions."""
        former = self._plans.state
        self._plans.swap(state)
        plan, tree = former.plan, former.tree
        held: list[Mapping[str, object]] = [] if tree is None else [tree.chargers]
        return held if plan is None else [*held, plan.chargers, plan.governances]

    async def _keep(self, files: Mapping[str, bytes]) -> bool:
        try:
            await asyncio.to_thread(self._last_good.save, files)
        except OSError:  # a full disk must not keep a good tree out of force
            return False
        return True

    def _refuse(
        self, files: Mapping[str, bytes], diagnostics: tuple[Diagnostic, ...], unreadable: str | None, *, stale: bool
    ) -> ReloadOutcome:
        state = self._plans.state
        if unreadable is not None:
            self._asked = None  # the same tree, readable again, is a change
            if unreadable == state.unreadable:
                return ReloadOutcome("unchanged", state.diagnostics, unreadable, stale)
        since = self._clock.now() if state.broken_since is None else state.broken_since
        self._plans.swap(
            replace(state, sources=files, diagnostics=diagnostics, unreadable=unreadable, broken_since=since)
        )
        return ReloadOutcome("refused", diagnostics, unreadable, stale)

    async def _load(self, files: Mapping[str, bytes], content: str) -> _Loaded:
        """Load and compile away from the event loop: the one place that would become a process pool."""
        self._loads += 1
        if not self._loads % _TIDY_AFTER:
            tidy()
        try:
            return await asyncio.to_thread(self._load_now, files, content)
        except Exception as error:  # noqa: BLE001 - whatever an edit brings to light, what is in force stays
            return _Loaded(None, None, (), f"the policies could not be compiled ({type(error).__name__})")

    @undisturbed()
    def _load_now(self, files: Mapping[str, bytes], content: str) -> _Loaded:
        checked = load(files, self._cache, self._profiles)
        found = tuple(checked.diagnostics)
        if checked.tree is None:
            return _Loaded(None, None, found + self._further(checked.remains))
        imported = _unfiled(self._imported, checked.tree)
        made, unfit = self._fit(checked.tree, self._made)
        context = self._context(content, imported, self._plans.state.plan, overrides=_as_overrides(made))
        compiled = compile_plan(checked.tree, context)
        found += compiled.diagnostics
        return _Loaded(compiled.plan, checked.tree, found, None, content, files, imported, made, unfit)

    def _further(self, remains: PolicyTree | None) -> tuple[Diagnostic, ...]:
        """Return what is wrong with the documents that have nothing to do with the mistakes found so far."""
        return () if remains is None else sound_part(remains, self._context("", {}, None)).diagnostics

    def _overridden(self, standing: _Loaded, made: Sequence[MadeOverride]) -> _Loaded:
        """Put the overrides of now over what is in force already."""
        if standing.plan is None or standing.tree is None:
            return standing
        fit, unfit = self._fit(standing.tree, made)
        context = self._context(standing.content, standing.chargers, standing.plan, overrides=_as_overrides(fit))
        plan = compile_overrides(standing.tree, context, standing.plan)
        return replace(standing, plan=plan, made=fit, unfit=unfit)

    def _origin(self, loaded: _Loaded) -> PlanOrigin | None:
        plan = loaded.plan
        if plan is None:
            return None
        return PlanOrigin(loaded.files, loaded.chargers, loaded.made, self._ungoverned, plan.tzdata, plan.holidays)

    def _fit(
        self, tree: PolicyTree, made: Sequence[MadeOverride]
    ) -> tuple[tuple[MadeOverride, ...], tuple[Diagnostic, ...]]:
        """Return the overrides that compile under the tree, and as warnings why the others are not in force.

        A commit may withdraw an attribute that an override names: that must hold up neither the commit nor a restart.
        """
        fit: list[MadeOverride] = []
        unfit: list[Diagnostic] = []
        context = self._context("", {}, None)
        for override in made:
            found = findings_about(override.as_override(), tree, context)
            unfit += (_named(finding, override.id) for finding in found)
            fit += () if found else (override,)
        return tuple(fit), tuple(unfit)

    def _context(
        self,
        content: str,
        chargers: Mapping[str, Charger],
        previous: Plan | None,
        *,
        overrides: tuple[Override, ...] = (),
    ) -> CompileContext:
        return CompileContext(
            now=self._clock.now(),
            holidays=self._holidays,
            ungoverned=self._ungoverned,
            content=content,
            chargers=chargers,
            overrides=overrides,
            previous=previous,
            at_hand=self._at_hand,
        )

    async def _fetch_chargers(self) -> bool:
        try:
            self._imported = dict(await self._chargers.all())
        except StoreUnavailableError:
            return False
        return True

    async def _serve_last_good(self) -> None:
        broken = self._plans.state
        files = await asyncio.to_thread(self._last_good.load)
        if files is None:
            raise BrokenTreeError(broken)
        loaded = await self._load(files, digest_of(files))
        if loaded.plan is None:
            raise BrokenTreeError(broken)
        self._standing = loaded
        found = replace(broken, plan=loaded.plan, tree=loaded.tree, origin=self._origin(loaded))
        self._plans.swap(replace(found, loaded_at=self._clock.now(), from_last_good=True))


def _let_go(held: list[Mapping[str, object]]) -> None:
    while held:
        let_go(list(held.pop().values()))


def _named(found: Diagnostic, override: str) -> Diagnostic:
    place = found.place._replace(file=f"/v1/overrides/{override}{found.place.file}")
    message = f"the override is not in force: {found.message}"
    return replace(found, place=place, message=message, severity=Severity.WARNING)


def _as_overrides(made: Sequence[MadeOverride]) -> tuple[Override, ...]:
    return tuple(each.as_override() for each in made)


def _unfiled(chargers: Mapping[str, Charger], tree: PolicyTree) -> Mapping[str, Charger]:
    """Leave out imported chargers that a file has claimed since: what is committed wins."""
    return {key: charger for key, charger in chargers.items() if key not in tree.chargers}
