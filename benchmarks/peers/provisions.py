"""Fetches what is no Python package: the servers and the load generator, into the comparison's own environment.

Each comes by its registry's ordinary client, in a pinned version, and is kept for the next run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from peers.peer import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CERBOS, OPA = "0.55.0", "1.22.3"

_HOME = Path(sys.prefix) / "peers"
_PATIENCE_S = 1_500
"""OPA and what it is made of are compiled: minutes on a small machine."""
_USUAL_GO = "/usr/local/go/bin"


def cerbos() -> Path:
    """Return the server of Cerbos, from npm."""
    program = _HOME / "npm" / "node_modules" / "@cerbos" / "cerbos-linux-x64" / "cerbos-linux-x64"
    if not program.exists():
        npm = _client("npm")
        quietly = ["--no-audit", "--no-fund", "--no-save", "--loglevel=error"]
        _fetch([npm, "install", "--prefix", str(_HOME / "npm"), *quietly, f"@cerbos/cerbos-linux-x64@{CERBOS}"])
    return program


def opa() -> Path:
    """Return OPA, built by the Go toolchain."""
    program = _HOME / "go" / f"opa-{OPA}"
    if not program.exists():
        go = _client("go", _USUAL_GO)
        bin_ = _HOME / "go"
        _fetch([go, "install", f"github.com/open-policy-agent/opa@v{OPA}"], {"GOBIN": str(bin_)})
        (bin_ / "opa").rename(program)
    return program


def wrk() -> Path:
    """Return wrk: the system's, or Debian's package unpacked beside its libraries, which takes no privileges."""
    found = shutil.which("wrk")
    if found:
        return Path(found)
    program = _HOME / "wrk" / "wrk"
    if not program.exists():
        apt, dpkg = _client("apt-get"), _client("dpkg-deb")
        place = _HOME / "debian"
        place.mkdir(parents=True, exist_ok=True)
        _fetch([apt, "download", "wrk", "libluajit-5.1-2"], cwd=place)
        for package in place.glob("*.deb"):
            _fetch([dpkg, "--extract", str(package), str(place)])
        program.parent.mkdir(exist_ok=True)
        for part in (*place.glob("usr/bin/wrk"), *place.glob("usr/lib/**/libluajit*.so*")):
            shutil.copy(part, program.parent)
    return program


def _client(name: str, *places: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *places]))
    if found is None:
        message = f"it comes by `{name}`, which is not installed"
        raise UnavailableError(message)
    return found


def _fetch(command: Sequence[str], variables: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
    done = subprocess.run(  # noqa: S603 - a registry's own client
        command,
        env=os.environ | dict(variables or {}),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    if done.returncode:
        last = " ".join(done.stderr.strip().splitlines()[-2:])[:300]
        message = f"`{' '.join([Path(command[0]).name, *command[1:2]])}` ended with {done.returncode}: {last}"
        raise UnavailableError(message)
