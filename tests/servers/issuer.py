"""An issuer of tokens: a real HTTP server with a JWKS address, and keys made here."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Iterator

ISSUER = "https://issuer.example/pool"


class Issuer:
    """Signs tokens and serves its public keys."""

    def __init__(self) -> None:
        """Listen on a loopback port of the system's choice."""
        self.keys: dict[str, RSAKey | ECKey] = {}
        self.document: bytes | None = None
        """Served in place of the keys, where set."""
        self.asked = 0
        self.add("rsa-1", RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"}))
        self.add("ec-1", ECKey.generate_key("P-256", {"kid": "ec-1"}))
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                content = issuer.published()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/jwks.json"

    def add(self, key_id: str, key: RSAKey | ECKey) -> None:
        self.keys[key_id] = key

    def published(self) -> bytes:
        if self.document is not None:
            return self.document
        return json.dumps({"keys": [key.as_dict(private=False) for key in self.keys.values()]}).encode()

    def token(self, kid: str = "rsa-1", alg: str | None = None, **claims: Any) -> str:  # noqa: ANN401 - any JSON value
        """Return a signed token; a claim of None is left out."""
        key = self.keys[kid]
        algorithm = alg or ("RS256" if isinstance(key, RSAKey) else "ES256")
        return jwt.encode({"alg": algorithm, "kid": kid}, claims_of(**claims), key, [algorithm])


def claims_of(**claims: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """Return the claims of a good access token under these changes."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "sub": "depot-app",
        "aud": "policy-service",
        "exp": now + 600,
        "nbf": now - 5,
        "iat": now - 5,
        "scope": "openid policy-service/decide policy-service/read other/admin admin",
    }
    return {name: value for name, value in {**good, **claims}.items() if value is not None}


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """Serve while the context is open."""
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        issuer.server.shutdown()
        issuer.server.server_close()
        thread.join(10)
