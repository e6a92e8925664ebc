"""What pipelines and hooks run: the scripts of ops/ci and the hooks, run as written on a good and on a bad tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BIN = Path(sys.executable).parent
FIRST_TEST = """\
# yaml-language-server: $schema=../schemas/policy-test.v1.json
apiVersion: policy-service/v1
kind: PolicyTest
metadata: {name: depot}
spec:
  cases:
    - {name: nights, charger: Y-01, vehicle: unknown, at: 2027-03-01T23:00, expect: {outcome: access_denied}}
"""


def loaded(path: Path) -> Any:  # noqa: ANN401 - YAML
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Make a repository of policies without findings, and a pip that has nothing to install."""
    shutil.copytree(HERE / "cases" / "PS222" / "good", tmp_path / "policies")
    (tmp_path / "policies" / "tests.yaml").write_text(FIRST_TEST, encoding="utf-8")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pip").symlink_to("/bin/true")
    return tmp_path


@pytest.fixture
def bad(good: Path) -> Path:
    """Make one with a warning."""
    shutil.copy(HERE / "cases" / "PS222" / "bad" / "depot.yaml", good / "policies" / "depot.yaml")
    return good


def run(commands: list[str], repository: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POLICY_SERVICE_")}
    path = os.pathsep.join([str(repository / "bin"), str(BIN), kept["PATH"]])
    script = "\n".join(commands)
    return subprocess.run(  # noqa: S603 - our own scripts
        ["/bin/bash", "-eo", "pipefail", "-c", script],
        cwd=repository,
        env={**kept, **variables, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def gitlab_job(name: str) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Return a job's commands, the variables, and the reports it leaves."""
    file = loaded(ROOT / "ops" / "ci" / "gitlab.yml")
    job = {**file[file[name]["extends"]], **file[name]}
    return [*job["before_script"], *job["script"]], file["variables"], job.get("artifacts", {}).get("reports", {})


def test_the_gitlab_include_passes_what_is_good_and_leaves_its_reports(good: Path) -> None:
    commands, variables, reports = gitlab_job("policy-check")
    ended = run(commands, good, variables)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert json.loads((good / reports["codequality"]).read_text()) == []
    assert ET.parse(good / reports["junit"]).getroot().get("failures") == "0"  # noqa: S314 - our own
    commands, variables, reports = gitlab_job("policy-test")
    ended = run(commands, good, variables)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ET.parse(good / reports["junit"]).getroot().get("tests") == "1"  # noqa: S314 - our own


def test_the_gitlab_include_fails_what_is_bad_and_reports_it(bad: Path) -> None:
    commands, variables, reports = gitlab_job("policy-check")
    ended = run(commands, bad, variables)
    assert ended.returncode == 1
    assert [entry["check_name"] for entry in json.loads((bad / reports["codequality"]).read_text())] == ["PS222"]
    assert ET.parse(bad / reports["junit"]).getroot().get("failures") == "1"  # noqa: S314 - our own


def github_steps() -> tuple[dict[str, str], dict[str, str]]:
    """Return the workflow's commands by name of step, and its variables."""
    file = loaded(ROOT / "ops" / "ci" / "github.yml")
    steps = file["jobs"]["policies"]["steps"]
    return {step["name"]: step["run"] for step in steps if "run" in step}, file["env"]


def test_the_github_workflow_passes_what_is_good(good: Path) -> None:
    steps, variables = github_steps()
    ended = run(list(steps.values()), good, variables)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "::" not in ended.stdout
    assert json.loads((good / "policies.sarif").read_text())["runs"][0]["results"] == []
    reports = {path.name: ET.parse(path).getroot().get("failures") for path in good.glob("policy-*.xml")}  # noqa: S314 - our own
    assert reports == {"policy-check.xml": "0", "policy-test.xml": "0"}


def test_the_github_workflow_annotates_what_is_bad(bad: Path) -> None:
    steps, variables = github_steps()
    ended = run([steps["install"], steps["check"]], bad, variables)
    assert ended.returncode == 1
    assert ended.stdout.startswith("::warning file=policies/depot.yaml,line=10,")
    assert run([steps["report"]], bad, variables).returncode == 0
    assert json.loads((bad / "policies.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "PS222"


def test_the_hooks_are_a_manifest_that_pre_commit_accepts() -> None:
    command = [str(BIN / "pre-commit"), "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("side", ["good", "bad"])
def test_the_hooks_run_before_a_commit(side: str, request: pytest.FixtureRequest) -> None:
    repository: Path = request.getfixturevalue(side)
    hooks = [{**hook, "language": "system"} for hook in loaded(ROOT / ".pre-commit-hooks.yaml")]
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    home = {"PRE_COMMIT_HOME": str(repository / ".cache"), "GIT_CONFIG_GLOBAL": os.devnull}
    ended = run(["git init -q", "git add policies", "pre-commit run"], repository, home)
    assert ended.returncode == (0 if side == "good" else 1), ended.stdout + ended.stderr
    assert ("PS222" in ended.stdout) is (side == "bad")
    assert "policies pass their tests" in ended.stdout
