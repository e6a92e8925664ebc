"""TLS at the entrance: certificate and key, and whose certificates clients need to bring."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from policy_service.bootstrap.wiring import StartError

if TYPE_CHECKING:
    from policy_service.settings import Settings


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
    if settings.tls_client_ca_file is None:
        return
    try:
        context.load_verify_locations(settings.tls_client_ca_file)
    except (OSError, ValueError) as error:
        message = (
            f"error: the file holds no authorities ({type(error).__name__}); see POLICY_SERVICE_TLS_CLIENT_CA_FILE"
        )
        raise StartError(message) from error


def _password(settings: Settings) -> str | None:
    return None if settings.tls_key_password is None else settings.tls_key_password.get_secret_value()
