"""JWT bearer tokens of a real issuer: what is let in, and every attack that is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from fakes.clock import FakeClock
from fakes.keyed import bearer
from fakes.served import POLICIES, eventually, serving
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from servers.issuer import ISSUER, Issuer, claims_of, running_issuer
from structlog.testing import capture_logs

from policy_service.adapters.issuer_keys import IssuerKeys
from policy_service.adapters.jwt_tokens import LEEWAY_S, MAX_REMEMBERED, JwtTokens, TokenRules
from policy_service.domain.caller import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.served import Served

pytestmark = pytest.mark.anyio

QUESTION = {"charger": "NTH-01", "identifier": "04A2B3C4D5E680", "time": "2026-11-24T11:15:00Z"}
COGNITO = {"aud": None, "client_id": "app-1", "token_use": "access"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


@pytest.fixture(scope="module")
def served(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = {"jwt_issuer": ISSUER, "jwt_jwks_url": issuer.url, "jwt_audience": "policy-service"}
    state = tmp_path_factory.mktemp("state")
    with serving(POLICIES, state, host="0.0.0.0", jwt_client_ids="app-0, app-1", **settings) as service:  # noqa: S104
        yield service


def tokens(issuer: Issuer, clock: FakeClock | None = None, *, pause_s: float = 30.0, **changed: str) -> JwtTokens:
    rules: dict[str, Any] = {
        "issuer": ISSUER,
        "algorithms": ("RS256", "ES256"),
        "audience": "policy-service",
        "client_ids": frozenset({"app-1"}),
        "scope_prefix": "policy-service/",
        **changed,
    }
    keys = IssuerKeys(issuer.url, direct=True, pause_s=pause_s)
    return JwtTokens(TokenRules(**rules), keys, clock or FakeClock(int(time.time() * 1000)))


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(head: dict[str, Any], signature: str = "") -> str:
    return f"{part(head)}.{part(claims_of())}.{signature}"


def signed_with_the_public_key(issuer: Issuer) -> str:
    """Return the classic forgery: HS256, with the public key that everybody has as the shared secret."""
    signing = f"{part({'alg': 'HS256', 'kid': 'rsa-1'})}.{part(claims_of())}"
    secret = issuer.keys["rsa-1"].as_pem(private=False)
    mac = hmac.new(secret, signing.encode(), hashlib.sha256).digest()
    return f"{signing}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def forged(issuer: Issuer, kid: str = "rsa-1") -> str:
    """Return a token that somebody else signed under a key id of the issuer."""
    del issuer
    return jwt.encode({"alg": "RS256", "kid": kid}, claims_of(), RSAKey.generate_key(2048))


def tampered(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{part(claims_of(scope='policy-service/admin'))}.{signature}"


ATTACKS = {
    "alg none": lambda _: unsigned({"alg": "none", "kid": "rsa-1"}),
    "alg None": lambda _: unsigned({"alg": "None", "kid": "rsa-1"}),
    "no alg": lambda _: unsigned({"kid": "rsa-1"}),
    "no signature": lambda _: unsigned({"alg": "RS256", "kid": "rsa-1"}),
    "HS256 with the public key": signed_with_the_public_key,
    "another algorithm than allowed": lambda issuer: issuer.token(alg="RS512"),
    "PS256 with a good key": lambda issuer: issuer.token(alg="PS256"),
    "a key of another type": lambda _: jwt.encode(
        {"alg": "ES256", "kid": "rsa-1"}, claims_of(), ECKey.generate_key("P-256")
    ),
    "forged": forged,
    "unknown kid": lambda issuer: forged(issuer, "nobody"),
    "kid no text": lambda _: unsigned({"alg": "RS256", "kid": ["rsa-1"]}, "AAAA"),
    "no kid among several": lambda issuer: jwt.encode({"alg": "RS256"}, claims_of(), issuer.keys["rsa-1"]),
    "key in the head": lambda _: jwt.encode(
        {"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}}, claims_of(), OctKey.import_key("x" * 32)
    ),
    "critical header": lambda issuer: jwt.encode(
        {"alg": "RS256", "kid": "rsa-1", "b64": True, "crit": ["b64"]}, claims_of(aud="other"), issuer.keys["rsa-1"]
    ),
    "tampered": tampered,
    "iss": lambda issuer: issuer.token(iss="https://issuer.example/other"),
    "iss of two": lambda issuer: issuer.token(iss=[ISSUER]),
    "no iss": lambda issuer: issuer.token(iss=None),
    "aud": lambda issuer: issuer.token(aud="other"),
    "aud of others": lambda issuer: issuer.token(aud=["other", "another"]),
    "no aud": lambda issuer: issuer.token(aud=None),
    "client_id": lambda issuer: issuer.token(**{**COGNITO, "client_id": "app-2"}),
    "client_id no text": lambda issuer: issuer.token(**{**COGNITO, "client_id": ["app-1"]}),
    "id token": lambda issuer: issuer.token(**{**COGNITO, "token_use": "id"}),
    "id token for us": lambda issuer: issuer.token(**{**COGNITO, "aud": "policy-service", "token_use": "id"}),
    "no token_use": lambda issuer: issuer.token(**{**COGNITO, "token_use": None}),
    "wrong aud with a good client": lambda issuer: issuer.token(**{**COGNITO, "aud": "other"}),
    "expired": lambda issuer: issuer.token(exp=int(time.time()) - 60),
    "no exp": lambda issuer: issuer.token(exp=None),
    "exp no number": lambda issuer: issuer.token(exp="never"),
    "exp endless": lambda issuer: issuer.token(exp=float("inf")),
    "not yet valid": lambda issuer: issuer.token(nbf=int(time.time()) + 600),
    "nobody": lambda issuer: issuer.token(sub=None),
    "an endless name": lambda issuer: issuer.token(sub="x" * 300),
    "a name with a line break": lambda issuer: issuer.token(sub="a\nb"),
    "no token": lambda _: "a.b.c",
    "no JSON": lambda _: "AAAA.AAAA.AAAA",
    "dots": lambda _: "..",
    "endless": lambda issuer: issuer.token(more="x" * 9000),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_answered_like_no_key(served: Served, issuer: Issuer, attack: str) -> None:
    answer = served.client.get("/v1/chargers", headers=bearer(ATTACKS[attack](issuer)))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert served.client.get("/v1/chargers").json()["detail"] == answer.json()["detail"]


@pytest.mark.parametrize(
    "claims",
    [{}, {"aud": ["other", "policy-service"]}, COGNITO, {"nbf": None, "iat": None}],
    ids=["audience", "one of several", "cognito", "times left out"],
)
@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_a_good_token_lets_in(served: Served, issuer: Issuer, kid: str, claims: dict[str, Any]) -> None:
    headers = bearer(issuer.token(kid, **claims))
    eventually(lambda: served.client.get("/v1/chargers", headers=headers).status_code == 200)
    decided = served.client.post("/v1/decide", json=QUESTION, headers=headers).json()
    event = served.client.get(f"/v1/events/{decided['decision_id']}", headers=headers).json()
    assert event["caller"] == "jwt:depot-app"


def test_a_token_may_do_what_its_scopes_say_and_nothing_else(served: Served, issuer: Issuer) -> None:
    headers = bearer(issuer.token())
    assert served.client.get("/v1/audit", headers=headers).status_code == 403
    headers = bearer(issuer.token(scope="policy-service/admin"))
    assert served.client.get("/v1/audit", headers=headers).status_code == 200
    for none in (None, "", "admin", "policy-service/root", ["policy-service/admin"]):
        headers = bearer(issuer.token(scope=none))
        assert served.client.get("/v1/chargers", headers=headers).status_code == 403


def test_no_token_is_logged(served: Served, issuer: Issuer) -> None:
    token = issuer.token()
    served.client.get("/v1/chargers", headers=bearer(token))
    served.client.get("/v1/chargers", headers=bearer(token[:-2]))
    assert token.split(".")[1] not in served.log()


async def test_a_new_key_of_the_issuer_is_taken_up_and_a_withdrawn_one_forgotten(issuer: Issuer) -> None:
    verifier = tokens(issuer, pause_s=0.0)
    old = issuer.token("rsa-1")
    assert await verifier.verify(old) is not None
    withdrawn = issuer.keys.pop("rsa-1")
    issuer.add("rsa-2", RSAKey.generate_key(2048, {"kid": "rsa-2"}))
    try:
        assert await verifier.verify(issuer.token("rsa-2")) is not None
        assert await verifier.verify(old) is None
    finally:
        issuer.add("rsa-1", withdrawn)
        del issuer.keys["rsa-2"]


async def test_made_up_key_ids_do_not_flood_the_issuer(issuer: Issuer) -> None:
    verifier = tokens(issuer)
    before = issuer.asked
    for number in range(20):
        assert await verifier.verify(unsigned({"alg": "RS256", "kid": f"k{number}"}, "AAAA")) is None
    assert issuer.asked == before + 1
    assert await verifier.verify(issuer.token()) is not None


@pytest.mark.parametrize("document", [b"", b"[]", b'{"keys": []}', b'{"keys": 3}', b"x" * 2_000_000])
async def test_while_the_issuer_is_unwell_its_last_keys_stay_and_the_log_says_so(
    issuer: Issuer, document: bytes
) -> None:
    verifier = tokens(issuer, pause_s=0.0)
    assert await verifier.verify(issuer.token()) is not None
    issuer.document = document
    try:
        with capture_logs() as logged:
            assert await verifier.verify(unsigned({"alg": "RS256", "kid": "new"}, "AAAA")) is None
        assert [line["log_level"] for line in logged] == ["warning"]
        assert "issuer" in logged[0]["event"]
        assert await verifier.verify(issuer.token()) is not None
    finally:
        issuer.document = None


async def test_a_key_that_cannot_be_used_keeps_nobody_else_out(issuer: Issuer) -> None:
    good = json.loads(issuer.published())["keys"]
    odd = [{}, None, 7, {"kty": "oct", "k": "AAAA", "kid": "s"}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-9"}]
    issuer.document = json.dumps({"keys": [*odd, *good, {**good[0], "use": "enc", "kid": "e"}]}).encode()
    try:
        assert await tokens(issuer).verify(issuer.token()) is not None
    finally:
        issuer.document = None


async def test_nobody_answers_at_the_issuers_address() -> None:
    with running_issuer() as gone:
        pass
    assert await tokens(gone).verify(gone.token()) is None


async def test_a_remembered_token_ends_when_it_expires(issuer: Issuer) -> None:
    clock = FakeClock(int(time.time() * 1000))
    verifier, token = tokens(issuer, clock), issuer.token(exp=clock.now() + 60)
    assert await verifier.verify(token) is not None
    clock.milliseconds += (60 + LEEWAY_S - 1) * 1000
    assert await verifier.verify(token) is not None
    clock.milliseconds += 1000
    assert await verifier.verify(token) is None


async def test_clocks_may_differ_a_little(issuer: Issuer) -> None:
    now = int(time.time())
    clock = FakeClock(now * 1000)
    assert await tokens(issuer, clock).verify(issuer.token(exp=now - LEEWAY_S + 1)) is not None
    assert await tokens(issuer, clock).verify(issuer.token(exp=now - LEEWAY_S)) is None
    assert await tokens(issuer, clock).verify(issuer.token(nbf=now + LEEWAY_S, iat=None)) is not None
    assert await tokens(issuer, clock).verify(issuer.token(nbf=now + LEEWAY_S + 1, iat=None)) is None


async def test_memory_is_bounded_and_the_prefix_may_be_left_out(issuer: Issuer) -> None:
    verifier = tokens(issuer, scope_prefix="")
    found = await verifier.verify(issuer.token(scope="decide policy-service/read"))
    assert found is not None
    assert found.scopes == {Scope.DECIDE}
    assert MAX_REMEMBERED <= 10_000
