"""Settings: read once from the environment and the flags of ``serve``, frozen from then on."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from policy_service.domain.access import Ungoverned
from policy_service.domain.instant import DAY
from policy_service.secret_files import SecretFileError, read_secret

PREFIX = "POLICY_SERVICE_"

FROM_FILE = ("secret", "database_url", "redis_url", "tls_key_password")
"""Settings that may hold a secret: each can also be given as ``…_FILE``, the path of a file with the value."""


JWT_ALGORITHMS = frozenset(f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)) | {"EdDSA"}
"""Signatures that only the issuer can make; with HS* everybody who can check a token could make one."""


def is_loopback(host: str) -> bool:
    """Tell whether an address or name surely means this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


DATABASE_FILE = "policy-service.sqlite3"
"""The embedded database, in STATE_DIR."""


class SettingsError(ValueError):
    """A setting that cannot be used; its message names the variable, never a secret's value."""


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads ``POLICY_SERVICE_<NAME>_FILE`` for the settings in FROM_FILE."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ANN401, ARG002 - the library's signature
        """Return the file's text without the newline at its end, None where no file is named."""
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(variable, "")
        if field_name not in FROM_FILE or not path:
            return None, field_name, False
        try:
            return read_secret(Path(path)), field_name, False
        except SecretFileError as error:
            message = f"{variable} names a file that {error}"
            raise SettingsError(message) from error

    def __call__(self) -> dict[str, Any]:
        """Return what files give; an empty file counts as unset."""
        found = {name: self.get_field_value(None, name)[0] for name in FROM_FILE}
        return {name: value for name, value in found.items() if value}


class Settings(BaseSettings):
    """Every knob of the service. Each is an environment variable POLICY_SERVICE_<NAME> and a flag of ``serve``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    policies: Path = Field(Path("policies"), description="Directory of the policy files, searched recursively.")
    database_url: str = Field(
        "",
        description="SQLAlchemy URL of the system of record; left out: a SQLite file in STATE_DIR.",
    )
    redis_url: str = Field(
        "",
        description="URL of a Redis for what processes share, `redis://`, `redis+sentinel://` or `redis+cluster://`; "
        "left out: none.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on; the default is this machine alone.")
    port: int = Field(8080, ge=0, le=65535, description="TCP port to listen on; 0 lets the system choose.")
    unix_socket: Path | None = Field(
        None, description="Path of a Unix socket to listen on, in place of HOST and PORT; left out: none."
    )
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="Address that others reach the service by, such as `https://policy.example.com`; left out: as each "
        "request names it.",
    )
    workers: int = Field(1, ge=1, le=256, description="Worker processes; each reloads the policies by itself.")
    state_dir: Path = Field(
        Path(".state"), description="Directory this node may write: last good policies, registry copy, database."
    )
    cache_max_age: int = Field(
        900, ge=0, description="Seconds for which caches still decide after the database was last heard of."
    )
    snapshot_max_age: int = Field(
        DAY, ge=0, description="Seconds for which this node's copy of the registry does; 0: no copy is kept."
    )
    secret: SecretStr | None = Field(
        None,
        description="Key of PIN hashes and fingerprints, 16 characters or more, the same in every process; left out: "
        "kept in the database.",
        min_length=16,
    )
    ungoverned: Ungoverned = Field(
        Ungoverned.DENY, description="How a charger answers that no policy matches: deny, own_only or freevend."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe log to write.")
    log_format: Literal["json", "console"] = Field("json", description="json lines, or console: text for a terminal.")
    log_denials: bool = Field(default=True, description="Write a line for each denial, without the identifier.")
    otlp_endpoint: str = Field(
        "",
        description="Address of a receiver of traces by OTLP over HTTP, such as `http://127.0.0.1:4318`; the variable "
        "`OTEL_EXPORTER_OTLP_ENDPOINT` does the same; left out: none are sent.",
    )
    max_body_bytes: int = Field(
        8 * 1024 * 1024, ge=1024, description="Largest request body in bytes; streamed imports are bounded by line."
    )
    hot_path: Literal["protocol", "asgi", "off"] = Field(
        "protocol",
        description="How decides, batches and OCPP's messages are answered where nothing about them is unusual: "
        "protocol, inside the server's parser; asgi, before the framework; off, as any other request.",
    )
    record_freevend: bool = Field(default=False, description="Record an event for freevend answers too.")
    record_allowed: bool = Field(default=True, description="Record an event for allowed vehicles; denials always are.")
    record_allowed_share: float = Field(
        1.0, ge=0, le=1, description="Which share of them: 0.1 records one in ten, chosen at random."
    )
    spool_max_bytes: int = Field(
        256 * 1024 * 1024, ge=4096, description="Bytes of events that may wait on this node, in STATE_DIR/spool."
    )
    spool_when_full: Literal["slow", "drop"] = Field(
        "slow",
        description="At that bound: slow answers a denial when there is room again, within 5 s or with 503; drop loses "
        "its event.",
    )
    spool_sync: Literal["always", "interval"] = Field(
        "always",
        description="always: a denial leaves when its event is on the disk; interval: the disk is flushed each second, "
        "which outlives every kill but no power cut.",
    )
    event_source: str = Field(
        "/policy-service",
        min_length=1,
        description="What `source` of CloudEvents names this service by: a URI reference.",
    )
    start_grace: int = Field(
        60,
        ge=0,
        le=600,
        description="Seconds that a session's start may follow its Authorize by: a switch between the two does not "
        "refuse it.",
    )
    charger_cache_max_age: int = Field(
        3_600, ge=1, description="Seconds for which a charger may remember that a vehicle was allowed, at most."
    )
    switch_within: int = Field(
        60,
        ge=1,
        le=3_600,
        description="Seconds that a charger may take to be seen in its mode, before it has diverged.",
    )
    adherence_within: float = Field(
        5.0, ge=0, le=3_600, description="Seconds within which a switch counts as on time, where adherence is told."
    )
    local_list_lifetime: int = Field(
        DAY,
        ge=600,
        le=2_592_000,
        description="Seconds for which a charger's local list holds: who may not charge throughout is not on it.",
    )
    scheduler: Literal["inside", "apart"] = Field(
        "inside",
        description="Who tells chargers their modes: inside, the service itself; apart, a process of its own, "
        "`policy-service scheduler`.",
    )
    scheduler_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="TCP port on HOST at which that process answers `/metrics` and `/health`; left out: nowhere.",
    )
    transition_lead: int = Field(
        0, ge=0, le=3_600, description="Seconds before a change of mode that chargers are told of it."
    )
    ocpi_country_code: str = Field(
        "ZZ", pattern="^[A-Z]{2}$", description="Country of the party that tokens are issued by, in answers over OCPI."
    )
    ocpi_party_id: str = Field("ZZZ", pattern="^[A-Z0-9]{3}$", description="Id of that party.")
    ocpi_issuer: str = Field("policy-service", min_length=1, max_length=64, description="Name of that party.")
    events_days: int = Field(400, ge=0, description="Days for which events of all feeds are kept; 0: for ever.")
    webhook_retry_for: int = Field(
        DAY,
        ge=0,
        description="Seconds for which an event waits for a webhook that fails, before it is a dead letter.",
    )
    webhooks_allow_private: bool = Field(
        default=False, description="Let webhooks be http, and at addresses that are not public."
    )
    event_stream: str = Field(
        "", description="Name of a Redis Stream that takes in every access event, at REDIS_URL; left out: none."
    )
    mode_stream: str = Field(
        "", description="Name of a Redis Stream that takes in every mode event, at REDIS_URL; left out: none."
    )
    event_stream_max: int = Field(100_000, ge=1, description="About how many events each of them keeps.")
    reports: bool = Field(
        default=False, description="Answer reports about one fleet to keys of the scope report that are bound to it."
    )
    enrol_window: int = Field(
        259_200,
        ge=0,
        description="Seconds for which the identifier of an unknown vehicle is kept, encrypted, to be enrolled from "
        "its denial; 0: never. Never a PIN's.",
    )
    reload_interval: float = Field(
        1.0, gt=0, le=60, description="Seconds between looks at the policy files, beside notification by the system."
    )
    pin_attempts: int = Field(10, ge=1, description="Denied PINs at one charger before its PINs are refused.")
    pin_attempts_window: int = Field(600, ge=1, description="Seconds over which denied PINs are counted.")

    bootstrap_key_file: Path | None = Field(
        None, description="File with one API key that is brought in on start as the key `bootstrap` of scope admin."
    )
    jwt_issuer: str = Field(
        "", description="What `iss` of JWT bearer tokens must be; left out: API keys alone are good."
    )
    jwt_jwks_url: str = Field("", description="Address of the issuer's public keys: https, or http on this machine.")
    jwt_algorithms: str = Field(
        "RS256,ES256", description="Signature algorithms that are accepted, divided by commas; never `none` or HS*."
    )
    jwt_audience: str = Field("", description="What `aud` of a token must name.")
    jwt_client_ids: str = Field(
        "",
        description="Clients, divided by commas, whose access tokens are good without `aud`, as Cognito issues them.",
    )
    jwt_scope_prefix: str = Field(
        "policy-service/", description="Begins the words of `scope` that are about this service."
    )
    tls_cert_file: Path | None = Field(None, description="Certificate chain in PEM; with it the service speaks TLS.")
    tls_key_file: Path | None = Field(None, description="Private key of the certificate, in PEM.")
    tls_key_password: SecretStr | None = Field(None, description="Password of the private key.")
    tls_client_ca_file: Path | None = Field(
        None, description="Authorities in PEM; with them every client needs a certificate that one of them signed."
    )
    shutdown_grace: int = Field(10, ge=0, description="Seconds that requests under way get to finish on shutdown.")

    @field_validator(
        "policies",
        "unix_socket",
        "state_dir",
        "bootstrap_key_file",
        "tls_cert_file",
        "tls_key_file",
        "tls_client_ca_file",
    )
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would pin a symlink that may be swapped

    @field_validator("jwt_algorithms")
    @classmethod
    def _asymmetric(cls, names: str) -> str:
        if not _listed(names) or not set(_listed(names)) <= JWT_ALGORITHMS:
            message = f"accepted are {', '.join(sorted(JWT_ALGORITHMS))}"
            raise ValueError(message)
        return names

    @field_validator("jwt_jwks_url")
    @classmethod
    def _private(cls, url: str) -> str:
        if url:
            parts = urlsplit(url)
            if not parts.hostname or not (
                parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
            ):
                message = "the address must begin with https://, or lie on this machine"
                raise ValueError(message)
        return url

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            message = "TLS_CERT_FILE and TLS_KEY_FILE go together"
            raise ValueError(message)
        if self.tls_client_ca_file is not None and self.tls_cert_file is None:
            message = "TLS_CLIENT_CA_FILE needs TLS_CERT_FILE and TLS_KEY_FILE"
            raise ValueError(message)
        jwt = (self.jwt_issuer, self.jwt_jwks_url, self.jwt_audience or self.jwt_client_ids)
        if any(jwt) and not all(jwt):
            message = "JWT_ISSUER, JWT_JWKS_URL and one of JWT_AUDIENCE and JWT_CLIENT_IDS go together"
            raise ValueError(message)
        if (self.event_stream or self.mode_stream) and not self.redis_url:
            message = "EVENT_STREAM and MODE_STREAM need REDIS_URL"
            raise ValueError(message)
        return self

    @property
    def sends_traces(self) -> bool:
        """Tell whether a receiver of traces is named, here or by OpenTelemetry's own variables."""
        if (
            os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
            or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
        ):
            return False
        named = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        return bool(self.otlp_endpoint or any(os.environ.get(name) for name in named))

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Return the signature algorithms that are accepted."""
        return _listed(self.jwt_algorithms)

    @property
    def client_ids(self) -> frozenset[str]:
        """Return the clients whose access tokens are good without an audience."""
        return frozenset(_listed(self.jwt_client_ids))

    @property
    def database(self) -> str:
        """Return the database URL, the SQLite file in STATE_DIR where none is set."""
        return self.database_url or f"sqlite+aiosqlite:///{self.state_dir / DATABASE_FILE}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature; no .env file is read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by the _FILE variables
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let flags beat variables, and variables beat files."""
        return init_settings, env_settings, _SecretFiles(settings_cls)
