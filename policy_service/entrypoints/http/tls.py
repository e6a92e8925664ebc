"""TLS at the entrance: certificate and key, and whose certificates clients need to bring."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from policy_service.bootstrap.wiring import StartError
from policy_service.entrypoints.certificate import validity

if TYPE_CHECKING:
    from pathlib import Path

    from policy_service.settings import Settings


_log = structlog.get_logger("policy_service.http")


def tls_options(settings: Settings) -> dict[str, Any]:
    """Return what uvicorn needs to speak TLS; nothing where no certificate is set."""
    if settings.tls_cert_file is None:
        return {}
    options: dict[str, Any] = {
        "ssl_certfile": settings.tls_cert_file,
        "ssl_keyfile": settings.tls_key_file,
        "ssl_keyfile_password": _password(settings),
    }
    if settings.tls_client_ca_file is not None:
        options |= {"ssl_ca_certs": str(settings.tls_client_ca_file), "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return options


def check_tls(settings: Settings) -> None:
    """Try the files out before anything starts. Raises StartError."""
    if settings.tls_cert_file is None:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a password OpenSSL would ask on the terminal, and a service would wait there for ever.
        context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file, lambda: _password(settings) or "")
    except (OSError, ValueError) as error:
        message = (
            f"error: the certificate cannot be used ({type(error).__name__}); see POLICY_SERVICE_TLS_CERT_FILE, "
            "POLICY_SERVICE_TLS_KEY_FILE and POLICY_SERVICE_TLS_KEY_PASSWORD"
        )
        raise StartError(message) from error
    _tell_of_trouble(settings.tls_cert_file)
    if settings.tls_client_ca_file is None:
        return
    try:
        context.load_verify_locations(settings.tls_client_ca_file)
    except (OSError, ValueError) as error:
        message = (
            f"error: the file holds no authorities ({type(error).__name__}); see POLICY_SERVICE_TLS_CLIENT_CA_FILE"
        )
        raise StartError(message) from error


def _tell_of_trouble(file: Path) -> None:
    """Warn of a certificate that clients will refuse; it is served, as some may not look at its dates."""
    try:
        trouble = validity(file).trouble(datetime.now(UTC))
    except ValueError as error:  # OpenSSL takes it; what this reader cannot tell of it is no reason not to start
        trouble = f"its dates cannot be read ({type(error).__name__})"
    if trouble is not None:
        _log.warning("clients will refuse the certificate of this service", **{"error.message": trouble})


def _password(settings: Settings) -> str | None:
    return None if settings.tls_key_password is None else settings.tls_key_password.get_secret_value()
