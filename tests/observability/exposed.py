"""What a service exposes to Prometheus, read by Prometheus's own parser."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import httpx2
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fakes.served import Served
    from prometheus_client.samples import Sample

PREFIX = "policy_service_"
NIGHT = "2026-11-24T11:15:00Z"
NDJSON = {"Content-Type": "application/x-ndjson"}


class Exposed(NamedTuple):
    """One reading."""

    samples: tuple[Sample, ...]
    types: Mapping[str, str]

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the samples with these labels; there must be one."""
        found = [
            each.value for each in self.samples if each.name == PREFIX + name and labels.items() <= each.labels.items()
        ]
        assert found, f"{name} {labels} is not exposed"
        return sum(found)

    @property
    def names(self) -> set[str]:
        """Return the name of every sample."""
        return {each.name for each in self.samples}


def read(served: Served) -> Exposed:
    """Read over a connection of its own: any worker may answer."""
    with httpx2.Client(
        base_url=served.url, timeout=30, verify=False
    ) as client:  # no TLS: certificates take long to load
        return told_by(client.get("/metrics").text)


def told_by(text: str) -> Exposed:
    """Read what Prometheus would."""
    families = list(text_string_to_metric_families(text))
    samples = tuple(sample for family in families for sample in family.samples)
    return Exposed(samples, {family.name: family.type for family in families})


def exercised(served: Served) -> None:
    """Do once what some metrics need to be there at all: an import of a named source, a decision."""
    record = '{"identifier": "04A2B3C4D5E681", "type": "rfid", "class": "own", "vehicle": "bus-17", "fleet": "north"}\n'
    reply = served.client.post("/v1/identifiers/import", params={"source": "nightly"}, content=record, headers=NDJSON)
    assert reply.json()["accepted"] == 1
    served.client.put("/v1/sources/identifiers/nightly", json={"expected_every": "PT26H"})
    assert served.decide(charger="NTH-01", identifier="04A2B3C4D5E680", time=NIGHT).status_code == 200
