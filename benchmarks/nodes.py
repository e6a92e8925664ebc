"""Services to put a load on: a key, vehicles that they know, and what their callers ask."""

from __future__ import annotations

import json
import random
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fleet
import yard
from fakes.keyed import BOOTSTRAP, bootstrap_file
from fakes.served import eventually, serving
from full_load import Target, ask, post

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fakes.served import Served
    from httpx2 import Client

CHARGERS = 100_000
NIGHT = "2026-11-24T11:15:00Z"
"""The shipped chargers of Melbourne are managed, and so are those of the yard."""
_DENIED = 10
"""One question in so many is about a vehicle that nobody knows."""
_SHIPPED_FLEET = 1_000
_BATCH = 500
_ATTRIBUTES = b"""
apiVersion: policy-service/v1
kind: Attributes
metadata: {name: attributes}
spec: {vehicle: {kind: string, height_m: number}}
"""

Question = dict[str, str]


class Node:
    """A service under load."""

    def __init__(self, served: Served, client: Client) -> None:
        """Take a running service, and who may ask it everything."""
        self.target = target_of(served)
        self._client = client
        self._client.timeout = 600

    def bring_in(self, vehicles: Iterable[bytes]) -> None:
        """Let the service know these vehicles alone: NDJSON, in chunks."""
        headers = {"Content-Type": "application/x-ndjson"}
        asked = {"source": "fleet", "mode": "replace", "force": "true"}
        reply = self._client.post("/v1/identifiers/import", content=iter(vehicles), headers=headers, params=asked)
        assert reply.status_code == 200, reply.text  # noqa: PLR2004 - HTTP
        assert not reply.json()["rejected"]

    def warm(self, questions: Sequence[Question]) -> None:
        """Ask each question once, unrecorded: the process has all of them at hand from then on."""
        for start in range(0, len(questions), _BATCH):
            asked = [{**each, "record": False} for each in questions[start : start + _BATCH]]
            assert len(self._client.post("/v1/decide/batch", json={"requests": asked}).json()["decisions"]) == len(
                asked
            )

    def reply(self, question: Question) -> bytes:
        """Return the body of an answer: a floor is to say one as long."""
        return ask(self.target, requests([question])[0]).partition(b"\r\n\r\n")[2]

    def quiet(self) -> None:
        """Wait until no event waits for the database: the load of before is over."""
        eventually(lambda: not self._waiting(), within=120)

    def told(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return what the service tells under a path."""
        return self._client.get(path).json()

    def _waiting(self) -> float:
        lines = self._client.get("/metrics").text.splitlines()
        return float(next(line for line in lines if line.startswith("policy_service_event_spool_bytes ")).split()[1])


@contextmanager
def node(policies: Path, state: Path, **settings: object) -> Iterator[Node]:
    """Serve while the context is open, every caller with a key."""
    key = bootstrap_file(state.parent)
    quiet = {"log_denials": False, "record_allowed": False}
    with serving(policies, state, bootstrap_key_file=key, **{**quiet, **settings}) as served:
        yield Node(served, served.bringing(BOOTSTRAP))


@contextmanager
def open_node(policies: Path, state: Path, **settings: object) -> Iterator[Node]:
    """Serve while the context is open, and let everybody ask."""
    with serving(policies, state, log_denials=False, **settings) as served:
        yield Node(served, served.client)


def target_of(served: Served) -> Target:
    """Return where a service listens."""
    path = served.settings.get("UNIX_SOCKET")
    return Target(served.url.removeprefix("http://"), None if path is None else Path(path), served.process.pid)


def rss_mb(pid: int) -> float:
    """Return the memory that a process has, in MB (2**20 bytes)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


def requests(questions: Sequence[Question]) -> list[str]:
    """Return whole requests for decisions."""
    return [post("/v1/decide", json.dumps(each, separators=(",", ":")), BOOTSTRAP) for each in questions]


def shipped_fleet() -> Iterator[bytes]:
    """Yield the vehicles that the shipped policies are asked about."""
    return fleet.ndjson(_SHIPPED_FLEET)


def shipped_questions() -> list[Question]:
    """Return questions at the shipped depot of the north, one in ten of them to be denied."""
    asked = range(_SHIPPED_FLEET)
    return [_question(f"NTH-{number % 20 + 1:02}", number, place) for place, number in enumerate(asked)]


def yard_of(chargers: int, folder: Path) -> Path:
    """Write the policies of a depot of so many chargers; return their folder."""
    for name, content in {**yard.files(1, chargers, 5), "attributes.yaml": _ATTRIBUTES}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def yard_questions(count: int, vehicles: int) -> list[Question]:
    """Return questions drawn at random over all chargers of the yard and so many vehicles, one in ten to be denied."""
    rng = random.Random(20261124)  # noqa: S311 - questions, not secrets
    drawn = [(rng.randrange(CHARGERS), rng.randrange(vehicles)) for _ in range(count)]
    return [_question(f"P0-{charger:06}", number, place) for place, (charger, number) in enumerate(drawn)]


def _question(charger: str, vehicle: int, place: int) -> Question:
    stranger = place % _DENIED == 0
    token = f"04EE{vehicle:010X}" if stranger else fleet.identifier(vehicle)
    return {"charger": charger, "identifier": token, "identifier_type": "rfid", "time": NIGHT}
