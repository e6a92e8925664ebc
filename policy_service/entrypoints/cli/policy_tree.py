"""The policy tree of an offline command: loaded and compiled by the very command with which the service reloads."""

from __future__ import annotations

import asyncio
import os
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from policy_service import bootstrap
from policy_service.application.commands.reload_policies import ReloadPolicies
from policy_service.application.plan_holder import PlanHolder
from policy_service.application.ports import PolicyFilesError
from policy_service.domain.access import Ungoverned
from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.entrypoints.cli.findings import note_findings
from policy_service.language.source import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from policy_service.application.commands.reload_policies import ReloadOutcome
    from policy_service.application.plan_holder import PlanState
    from policy_service.domain.charger import Charger
    from policy_service.domain.made_override import MadeOverride
    from policy_service.domain.policy_tree import PolicyTree
    from policy_service.engine.plan import Plan


class FixedClock:
    """Stands still: at the instant that was asked for, or at that of the command's start."""

    def __init__(self, now: int | None = None) -> None:
        """Stand at ``now`` in epoch seconds; None: at the machine's time."""
        self._now_ms = bootstrap.offline().clock.now_ms() if now is None else now * 1000

    def now(self) -> int:
        """Return the instant in epoch seconds."""
        return self._now_ms // 1000

    def now_ms(self) -> int:
        """Return the instant in epoch milliseconds."""
        return self._now_ms


class _GivenFiles:
    """Policy files that were read already."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def read(self) -> Mapping[str, bytes]:
        return self._files

    async def changes(self) -> AsyncIterator[None]:
        return
        yield


class _NoChargers:
    """Offline there are no imported chargers."""

    async def all(self) -> Mapping[str, Charger]:
        return {}


class _NoOverrides:
    """Offline there are no overrides but those of files."""

    async def standing(self, now: int) -> Sequence[MadeOverride]:
        del now
        return ()


class _Forgetful:
    """Keeps no tree for later, and tells nobody of a load."""

    def load(self) -> None:
        return None

    def save(self, files: Mapping[str, bytes]) -> None:
        """Keep nothing."""

    def loaded(self, outcome: ReloadOutcome, state: PlanState, seconds: float) -> None:
        """Tell nobody."""


def default_directory() -> Path:
    """Return the policy directory that the service would take."""
    return Path(os.environ.get("POLICY_SERVICE_POLICIES") or "policies")


def read_files(paths: Sequence[Path]) -> dict[str, bytes]:
    """Return the policy files of directories and single files by the path under which the caller knows them."""
    files: dict[str, bytes] = {}
    for path in paths:
        if path.is_dir():
            found = read_directory(path)
            files |= {f"{prefix_of(path)}{name}": content for name, content in found.items()}
        else:
            files[path.as_posix()] = _read_file(path)
    return files


def prefix_of(directory: Path) -> str:
    """Return what stands before the names of a directory's files where the caller stands."""
    return "" if directory == Path() else f"{directory.as_posix()}/"


def read_directory(directory: Path) -> Mapping[str, bytes]:
    """Return the policy files of a directory by name relative to it. Raises CommandError."""
    try:
        return bootstrap.offline().read(directory)
    except PolicyFilesError as error:
        otherwise = "give the directory that holds the policy files, or set POLICY_SERVICE_POLICIES"
        hint = _beside(directory, otherwise)
        if directory.exists():
            hint = "the service does not read such a directory either" if directory.is_dir() else otherwise
        message = f"`{directory}`: {error}"
        raise CommandError(message, hint) from error
    except OSError as error:
        raise _unreadable(directory, error) from error


def _read_file(path: Path) -> bytes:
    if path.suffix not in SUFFIXES:
        if not path.exists():
            message = f"`{path}` does not exist"
            raise CommandError(message, _beside(path, "give a directory of policy files, or such a file"))
        message = f"`{path}` is no policy file"
        raise CommandError(message, f"policy files end in {', '.join(SUFFIXES)}")
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for, and a device never ends
            message = f"`{path}` is no regular file"
            raise CommandError(message, "give files and directories")
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _beside(missing: Path, otherwise: str) -> str:
    """Return a question after what stands beside a missing path under nearly its name, else the other hint."""
    try:
        names = [each.name for each in missing.parent.iterdir() if each.is_dir() or each.suffix in SUFFIXES]
    except OSError:
        return otherwise
    close = get_close_matches(missing.name, names, n=1)
    return f"did you mean `{missing.parent / close[0]}`?" if close else otherwise


def _unreadable(path: Path, error: OSError) -> CommandError:
    return CommandError(f"`{path}` cannot be read: {error.strerror or type(error).__name__}", "check path and rights")


def loaded(files: Mapping[str, bytes], clock: FixedClock, ungoverned: Ungoverned = Ungoverned.DENY) -> PlanHolder:
    """Load and compile the files; the state tells the plan, if there is one, and every finding.

    Raises CommandError.
    """
    plans = PlanHolder()
    nothing = _Forgetful()
    tools = bootstrap.offline()
    reload = ReloadPolicies(
        plans,
        _GivenFiles(files),
        nothing,
        _NoChargers(),
        _NoOverrides(),
        tools.holidays,
        tools.profiles,
        clock,
        ungoverned,
        nothing,
        at_hand=False,
    )
    asyncio.run(reload())
    if plans.state.unreadable is not None:
        raise CommandError(plans.state.unreadable, "this is a defect: report it", ExitCode.INTERNAL)
    return plans


def standing(
    directory: Path, clock: FixedClock, ungoverned: Ungoverned = Ungoverned.DENY
) -> tuple[PlanHolder, Plan, PolicyTree]:
    """Return what a directory compiles to. Raises CommandError after having told the findings that stand in the way."""
    files = read_directory(directory)
    plans = loaded(files, clock, ungoverned)
    state = plans.state
    if state.plan is None or state.tree is None:
        note_findings(state, prefix_of(directory))
        message = f"the policies in `{directory}` cannot be put in force"
        raise CommandError(message, f"see `policy-service check {directory}`", ExitCode.FINDINGS)
    return plans, state.plan, state.tree
