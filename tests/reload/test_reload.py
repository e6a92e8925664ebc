"""Hot reload: whatever way an edit takes, it is in force within 2 s in every worker, and a broken one is not."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from fakes.served import Served, eventually, serving, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

POLICY = """\
apiVersion: policy-service/v1
kind: AccessPolicy
metadata: {{name: yard}}
spec:
  timezone: Europe/Berlin
  chargers: {{ids: ["Y-*"]}}
  defaultMode: {mode}
---
apiVersion: policy-service/v1
kind: ChargerInventory
metadata: {{name: yard}}
spec:
  chargers: [{{id: Y-1}}]
"""


def write(directory: Path, mode: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "yard.yaml").write_text(POLICY.format(mode=mode))


def mode(served: Served) -> str:
    return str(served.decide(charger="Y-1", identifier="x").json()["mode"])


def ready(served: Served) -> dict[str, object]:
    body: dict[str, object] = served.client.get("/health/ready").json()
    return body


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Write a tree whose one charger is in freevend."""
    write(tmp_path / "policies", "freevend")
    return tmp_path / "policies"


@pytest.fixture
def served(tree: Path, tmp_path: Path) -> Iterator[Served]:
    """Serve the tree."""
    with serving(tree, tmp_path / "state") as service:
        assert mode(service) == "freevend"
        yield service


def edit_in_place(tree: Path) -> None:
    write(tree, "managed")


def edit_by_rename(tree: Path) -> None:
    write(tree.parent / "beside", "managed")
    (tree.parent / "beside" / "yard.yaml").replace(tree / "yard.yaml")


def rename_the_directory(tree: Path) -> None:
    write(tree.parent / "next", "managed")
    tree.rename(tree.parent / "former")
    (tree.parent / "next").rename(tree)


def add_a_file_below(tree: Path) -> None:
    below = POLICY.split("---", maxsplit=1)[0].format(mode="managed").replace("name: yard", "name: stronger")
    (tree / "deeper" / "still").mkdir(parents=True)
    (tree / "deeper" / "still" / "more.yml").write_text(below + "  priority: 200\n")


@pytest.mark.parametrize("edit", [edit_in_place, edit_by_rename, rename_the_directory, add_a_file_below])
def test_an_edit_is_in_force_within_two_seconds(served: Served, tree: Path, edit: Callable[[Path], None]) -> None:
    edit(tree)
    eventually(lambda: mode(served) == "managed")


def test_a_symlink_swap_as_kubernetes_does_it(tmp_path: Path) -> None:
    tree = tmp_path / "mounted"
    write(tree / "..2026_1", "freevend")
    write(tree / "..2026_2", "managed")
    (tree / "..data").symlink_to("..2026_1")
    (tree / "yard.yaml").symlink_to("..data/yard.yaml")
    with serving(tree, tmp_path / "state") as served:
        assert mode(served) == "freevend"
        (tree / "..data_tmp").symlink_to("..2026_2")
        (tree / "..data_tmp").replace(tree / "..data")
        shutil.rmtree(tree / "..2026_1")
        eventually(lambda: mode(served) == "managed")


def test_a_swap_of_the_tree_itself(tmp_path: Path) -> None:
    write(tmp_path / "one", "freevend")
    write(tmp_path / "two", "managed")
    tree = tmp_path / "current"
    tree.symlink_to("one")
    with serving(tree, tmp_path / "state") as served:
        (tmp_path / "swap").symlink_to("two")
        (tmp_path / "swap").replace(tree)
        eventually(lambda: mode(served) == "managed")


def test_a_broken_edit_changes_nothing_and_is_reported(served: Served, tree: Path) -> None:
    revision = ready(served)["revision"]
    (tree / "yard.yaml").write_text(POLICY.format(mode="manged"))
    eventually(lambda: ready(served)["status"] == "degraded")
    assert mode(served) == "freevend"
    state = ready(served)
    assert state["revision"] == revision
    assert "yard.yaml:7:" in str(state["problems"])
    listed = served.client.get("/v1/policies").json()
    assert listed["in_force"] is False
    assert listed["diagnostics"][0]["file"] == "yard.yaml"
    assert "yard.yaml:7:" in served.log()
    eventually(lambda: int(str(ready(served)["policy_age_s"])) >= 1, within=3)
    write(tree, "managed")
    eventually(lambda: ready(served)["status"] == "ready")
    assert (mode(served), ready(served)["policy_age_s"]) == ("managed", 0)


def test_a_file_that_is_emptied_changes_nothing(served: Served, tree: Path) -> None:
    (tree / "more.yaml").write_text("# nothing yet")
    (tree / "yard.yaml").write_text("")
    eventually(lambda: "the file is empty" in str(ready(served)["problems"]))
    assert (mode(served), ready(served)["status"]) == ("freevend", "degraded")
    write(tree, "managed")
    eventually(lambda: (mode(served), ready(served)["status"]) == ("managed", "ready"))


def test_a_tree_that_vanishes_changes_nothing(served: Served, tree: Path) -> None:
    tree.rename(tree.parent / "away")
    eventually(lambda: ready(served)["status"] == "degraded")
    assert mode(served) == "freevend"
    (tree.parent / "away").rename(tree)
    eventually(lambda: ready(served)["status"] == "ready")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (b"out.yaml", "`out.yaml` is a link that leads out of it"),
        (b"self.yaml", "leads to none"),
        (b"nowhere.yaml", "leads to none"),
        (b"\xff.yaml", "not UTF-8"),
        (b"locked", "cannot be read"),
    ],
    ids=[
        "a link out of the tree",
        "a link to itself",
        "a link to nowhere",
        "a name that is no text",
        "a link that leads nowhere to be read",
    ],
)
def test_a_stray_entry_does_not_end_reloading(served: Served, tree: Path, name: bytes, told: str) -> None:
    stray = tree / os.fsdecode(name)
    if name == b"\xff.yaml":
        stray.write_text("# nothing")
    else:
        (tree.parent / "secret").write_text("password: x")
        leads = {b"self.yaml": "self.yaml", b"locked": "x" * 256, b"out.yaml": "../secret"}
        stray.symlink_to(leads.get(name, "nowhere"))
    eventually(lambda: told in str(ready(served)["problems"]))
    assert ready(served)["status"] == "degraded"
    assert mode(served) == "freevend"
    assert served.client.post("/v1/policies/reload").status_code == 200
    stray.unlink()
    write(tree, "managed")
    eventually(lambda: mode(served) == "managed")
    assert ready(served)["status"] == "ready"


def test_a_restart_on_a_broken_tree_serves_the_last_good_one(tree: Path, tmp_path: Path) -> None:
    with serving(tree, tmp_path / "state") as served:
        revision = ready(served)["revision"]
    (tree / "yard.yaml").write_text("nonsense")
    with serving(tree, tmp_path / "state") as served:
        assert mode(served) == "freevend"
        assert (ready(served)["status"], ready(served)["revision"]) == ("degraded", revision)
        write(tree, "managed")
        eventually(lambda: mode(served) == "managed")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_first_start_on_a_broken_tree_shows_the_findings_and_ends_with_1(tmp_path: Path, workers: int) -> None:
    write(tmp_path / "policies", "manged")
    served = start(tmp_path / "policies", tmp_path / "state", workers=workers)
    assert served.process.wait(30) == 1
    assert "--> yard.yaml:7:" in served.log()
    assert "Traceback" not in served.log()


def test_a_damaged_last_good_tree_is_not_served(tree: Path, tmp_path: Path) -> None:
    with serving(tree, tmp_path / "state"):
        pass
    kept = tmp_path / "state" / "last-good-tree"
    kept.write_bytes(kept.read_bytes()[:-9] + b"tampered!")
    (tree / "yard.yaml").write_text("nonsense")
    assert start(tree, tmp_path / "state").process.wait(30) == 1


def test_reload_on_demand_waits_and_tells(served: Served, tree: Path) -> None:
    write(tree, "managed")
    assert served.client.post("/v1/policies/reload").json()["status"] == "in_force"
    assert mode(served) == "managed"
    (tree / "yard.yaml").write_text("nonsense")
    outcome = served.client.post("/v1/policies/reload").json()
    assert outcome["status"] == "refused"
    assert outcome["diagnostics"]
    assert mode(served) == "managed"


def test_two_workers_follow_an_edit_by_themselves_and_count_together(tree: Path, tmp_path: Path) -> None:
    with serving(tree, tmp_path / "state", workers=2) as served:
        write(tree, "managed")
        eventually(lambda: all(_fresh_mode(served) == "managed" for _ in range(12)))
        asked = 20
        time.sleep(1)  # each worker adds up what it has counted a few times a second
        before = _decisions(served)
        for _ in range(asked):
            _fresh_mode(served)
        eventually(lambda: _decisions(served) - before == asked)
        process = served.process
    assert process.returncode == 0


def test_a_stop_by_signal_is_an_orderly_end(tree: Path, tmp_path: Path) -> None:
    with serving(tree, tmp_path / "state") as served:
        process = served.process
    assert process.returncode == 0
    assert os.path.exists(tmp_path / "state" / "last-good-tree")  # noqa: PTH110 - plain enough


def _fresh_mode(served: Served) -> str:
    """Ask over a new connection, which any worker may accept."""
    reply = served.client.post(
        "/v1/decide", json={"charger": "Y-1", "identifier": "x"}, headers={"Connection": "close"}
    )
    return str(reply.json()["mode"])


def _decisions(served: Served) -> float:
    lines = served.client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("policy_service_decisions_total{"))
