"""The published description of bundles."""

from typing import Any

from pydantic import RootModel

from policy_service.domain.bundle import FORMAT, Bundle

FILE = "bundle.v1.json"
"""Under ``schemas/``."""


class BundleReply(RootModel[Bundle]):
    """What decides at some chargers for two days without the service."""


def bundle_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of bundles."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:{FORMAT.replace('/', ':')}"}
    return {**dialect, **BundleReply.model_json_schema(mode="serialization")}
