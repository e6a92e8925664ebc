"""The framework comes after the first decision: what is asked meanwhile waits, and without it there is no service."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from fakes.launched import ROOT
from fakes.served import POLICIES

from policy_service.entrypoints.http.framework import Framework

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

pytestmark = pytest.mark.anyio

_WITHOUT = """
import sys
sys.modules["fastapi"] = None
from policy_service.entrypoints.http.server import run_server
from policy_service.settings import Settings
sys.exit(run_server(Settings(port=0)))
"""


async def _nothing() -> dict[str, object]:
    return {}


async def test_what_is_asked_before_the_application_is_made_waits_for_it() -> None:
    may_go_on, served = threading.Event(), []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        served.append(scope["path"])

    def make() -> ASGIApp:
        assert may_go_on.wait(60)
        return application

    async def send(_message: object) -> None:
        pass

    failures: list[BaseException] = []
    framework = Framework(make, failures.append)
    early = [asyncio.create_task(_served(framework, path, send)) for path in ("/a", "/b")]
    gone = asyncio.create_task(_served(framework, "/gone", send))
    await asyncio.sleep(0.05)
    gone.cancel()
    await asyncio.wait((gone,))
    assert served == []
    may_go_on.set()
    await asyncio.gather(*early)
    await framework({"path": "/late"}, _nothing, send)
    assert served == ["/a", "/b", "/late"]
    assert failures == []


async def _served(framework: Framework, path: str, send: Send) -> None:
    await framework({"path": path}, _nothing, send)


def test_a_service_whose_framework_cannot_be_loaded_ends_and_says_so(tmp_path: Path) -> None:
    environment = {"POLICY_SERVICE_POLICIES": str(POLICIES), "POLICY_SERVICE_STATE_DIR": str(tmp_path)}
    ended = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", _WITHOUT],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "the routes cannot be made (ModuleNotFoundError)" in ended.stderr
