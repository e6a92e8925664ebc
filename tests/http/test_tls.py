"""TLS, and client certificates, with real certificates made here."""

from __future__ import annotations

import ssl
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from fakes.served import POLICIES, Served, eventually, start

from policy_service.entrypoints.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Certificates:
    """Files of an authority, of a service and of a client, and of a client that a stranger signed."""

    folder: Path
    authority: trustme.CA

    def file(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder, authority, stranger = tmp_path_factory.mktemp("tls"), trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    service = authority.issue_cert("127.0.0.1")
    service.cert_chain_pems[0].write_to_path(str(folder / "service.pem"))
    service.private_key_pem.write_to_path(str(folder / "service.key"))
    key = serialization.load_pem_private_key(service.private_key_pem.bytes(), None)
    (folder / "locked.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"hush hush"),
        )
    )
    for name, issued in (("client", authority), ("stranger", stranger)):
        issued.issue_cert("csms@depot.example").private_key_and_cert_chain_pem.write_to_path(
            str(folder / f"{name}.pem")
        )
    return Certificates(folder, authority)


def context(certificates: Certificates, client: str | None = None) -> ssl.SSLContext:
    trusting = ssl.create_default_context(cafile=certificates.file("ca.pem"))
    if client is not None:
        trusting.load_cert_chain(certificates.file(f"{client}.pem"))
    return trusting


def up(served: Served, trusting: ssl.SSLContext) -> bool:
    try:
        return httpx2.get(served.url + "/health/ready", verify=trusting, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture(scope="module", params=[1, 2], ids=["one process", "two workers"])
def mutual(
    request: pytest.FixtureRequest, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    served = start(
        POLICIES,
        tmp_path_factory.mktemp("state"),
        workers=request.param,
        tls_cert_file=certificates.file("service.pem"),
        tls_key_file=certificates.file("locked.key"),
        tls_key_password="hush hush",  # noqa: S106 - of a key made a moment ago
        tls_client_ca_file=certificates.file("ca.pem"),
    )
    served.url = served.url.replace("http:", "https:")
    try:
        eventually(lambda: served.process.poll() is not None or up(served, context(certificates, "client")), within=60)
        assert served.process.poll() is None, served.log()
        yield served
    finally:
        served.stop()


@pytest.mark.parametrize(("client", "admitted"), [("client", True), (None, False), ("stranger", False)])
def test_a_client_without_a_certificate_of_ours_is_refused(
    mutual: Served, certificates: Certificates, client: str | None, *, admitted: bool
) -> None:
    assert up(mutual, context(certificates, client)) is admitted


def test_who_speaks_no_tls_is_refused(mutual: Served) -> None:
    with pytest.raises(httpx2.TransportError):
        httpx2.get(mutual.url.replace("https:", "http:") + "/health/ready", trust_env=False)


def test_old_protocols_are_not_spoken(mutual: Served, certificates: Certificates) -> None:
    old = context(certificates, "client")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert up(mutual, old)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert not up(mutual, old)


def _why(url: str, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "policy_service", "why", "NTH-01", "--url", url, *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own


def test_commands_reach_the_service_with_its_authority_and_a_certificate(
    mutual: Served, certificates: Certificates
) -> None:
    authority = ["--ca-file", str(certificates.file("ca.pem"))]
    assert _why(mutual.url).returncode == ExitCode.UNREACHABLE
    assert _why(mutual.url, *authority).returncode == ExitCode.UNREACHABLE
    ended = _why(mutual.url, *authority, "--cert-file", str(certificates.file("client.pem")))
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(("from_day", "told"), [(-9, "expired 20"), (9, "not valid before 20")])
def test_a_certificate_that_clients_will_refuse_is_told_of(
    certificates: Certificates, tmp_path: Path, from_day: int, told: str
) -> None:
    begins = datetime.now(UTC) + timedelta(days=from_day)
    dated = certificates.authority.issue_cert("127.0.0.1", not_before=begins, not_after=begins + timedelta(days=5))
    dated.cert_chain_pems[0].write_to_path(str(tmp_path / "dated.pem"))
    dated.private_key_pem.write_to_path(str(tmp_path / "dated.key"))
    files = {"tls_cert_file": tmp_path / "dated.pem", "tls_key_file": tmp_path / "dated.key"}
    served = start(POLICIES, tmp_path / "state", **files)
    try:
        eventually(lambda: "Uvicorn running on" in served.log(), within=60)
        assert "clients will refuse the certificate of this service" in served.log()
        assert told in served.log()
        why = _why(served.url.replace("http:", "https:"), "--ca-file", str(certificates.file("ca.pem")))
        assert why.returncode == ExitCode.UNREACHABLE
        assert f"the certificate {'has expired' if from_day < 0 else 'is not yet valid'} of" in why.stderr
    finally:
        served.stop()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"tls_cert_file": "service.pem", "tls_key_file": "ca.pem"}, "POLICY_SERVICE_TLS_CERT_FILE"),
        ({"tls_cert_file": "service.pem", "tls_key_file": "none"}, "POLICY_SERVICE_TLS_CERT_FILE"),
        ({"tls_cert_file": "service.pem", "tls_key_file": "locked.key"}, "POLICY_SERVICE_TLS_KEY_PASSWORD"),
        (
            {"tls_cert_file": "service.pem", "tls_key_file": "service.key", "tls_client_ca_file": "service.key"},
            "POLICY_SERVICE_TLS_CLIENT_CA_FILE",
        ),
    ],
    ids=["no key", "no file", "no password", "no authorities"],
)
def test_files_that_cannot_be_used_end_the_start(
    certificates: Certificates, tmp_path: Path, settings: dict[str, Any], told: str
) -> None:
    files = {name: certificates.file(value) for name, value in settings.items()}
    served = start(POLICIES, tmp_path / "state", **files)
    assert served.process.wait(60) == 2
    served.client.close()
    assert told in served.log()
    assert "Traceback" not in served.log()
