"""What every server of the project asks of uvicorn: plain HTTP or TLS, our own logs, and no word of what serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policy_service.entrypoints.http.tls import tls_options

if TYPE_CHECKING:
    from policy_service.settings import Settings


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """Return them; application, address and connections are the server's own."""
    return {
        "interface": "asgi3",
        "ws": "none",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "proxy_headers": False,
        **tls_options(settings),
    }
