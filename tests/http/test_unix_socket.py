"""A service at a Unix socket: whatever a killed one left at the path, and nothing stays there of this one."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from fakes.served import POLICIES, serving, start

if TYPE_CHECKING:
    from pathlib import Path

NIGHT = "2026-11-24T11:15:00Z"


@pytest.mark.parametrize("workers", [1, 2])
def test_it_decides_there_and_leaves_the_path_free(tmp_path: Path, workers: int) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    with serving(POLICIES, tmp_path / "state", unix_socket=path, workers=workers) as served:
        answer = served.decide(charger="NTH-07", identifier="04FFFFFFFFFF80", time=NIGHT)
        assert answer.json()["outcome"] == "access_denied"
    assert not path.exists()


def test_a_file_that_is_no_socket_stays_and_the_service_does_not_start(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("of somebody else")
    served = start(POLICIES, tmp_path / "state", unix_socket=path)
    served.client.close()
    assert served.process.wait(60) == 2
    assert f"error: nobody can listen at {path}: Address already in use\n" in served.log()
    assert path.read_text() == "of somebody else"


@pytest.mark.parametrize(("name", "why"), [("missing/s", "No such file or directory"), ("s" * 120, "path too long")])
def test_a_path_where_nobody_can_listen_is_told(tmp_path: Path, name: str, why: str) -> None:
    served = start(POLICIES, tmp_path / "state", unix_socket=tmp_path / name)
    served.client.close()
    assert served.process.wait(60) == 2
    assert f"error: nobody can listen at {tmp_path / name}: " in served.log()
    assert why in served.log()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_path_where_a_service_listens_is_left_to_it(tmp_path: Path, workers: int) -> None:
    path = tmp_path / "s"
    with serving(POLICIES, tmp_path / "state", unix_socket=path) as first:
        second = start(POLICIES, tmp_path / "other", unix_socket=path, workers=workers)
        second.client.close()
        assert second.process.wait(60) == 2
        assert f"somebody listens at {path} already" in second.log()
        assert first.client.get("/health/ready").status_code == 200
    assert not path.exists()
