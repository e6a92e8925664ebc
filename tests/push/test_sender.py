"""The sender reaches what it checked and nothing else."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING

import pytest
import trustme
from servers.receiver import running_receiver

from policy_service.adapters.http.addresses import is_public
from policy_service.adapters.http.sender import PinnedSender, SystemResolver
from policy_service.domain.webhook import Attempt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from servers.receiver import Receiver

pytestmark = pytest.mark.anyio

NAME = "csms.example"
PUBLIC = "93.184.215.14"


class FakeResolver:
    """Answers with each list in turn, then with the last."""

    def __init__(self, *answers: Sequence[str]) -> None:
        """Answer with these lists."""
        self._answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as found:
        yield found


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - nothing listens
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "2001:0:53aa:64c::1",
    ],
)
async def test_what_is_inside_is_refused(address: str) -> None:
    assert not is_public(address)
    sender = PinnedSender(FakeResolver([PUBLIC, address]))
    assert await sender.post(f"https://{NAME}/", {}, b"") == Attempt(None, "private address")


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07::1", "64:ff9b::93.184.215.14", "::ffff:8.8.8.8"])
def test_what_is_outside_is_not(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "objected"),
    [
        ("https://csms.example/hooks?a=b", False),
        ("https://csms.example:8443", False),
        ("http://csms.example/", True),
        ("https://10.0.0.1/", True),
        ("https://[::1]/", True),
        ("https://user:word@csms.example/", True),
        ("https://csms.example/#part", True),
        ("https:///hooks", True),
        ("ftp://csms.example/", True),
        ("https://csms.example:99999/", True),
        ("https://exa mple/", True),
    ],
)
def test_a_url_is_looked_at_before_it_is_taken(url: str, objected: bool) -> None:  # noqa: FBT001 - a table's column
    assert (PinnedSender(SystemResolver()).objection(url) is not None) == objected


async def test_a_name_is_asked_once_and_connected_to_where_it_was_checked(receiver: Receiver) -> None:
    rebinding = FakeResolver(["127.0.0.1"], ["127.0.0.2"])
    sender = PinnedSender(rebinding, allow_private=True)
    answered = await sender.post(f"http://{NAME}:{receiver.port}/hooks", {"webhook-id": "m"}, b"{}")
    assert answered == Attempt(204)
    assert rebinding.asked == [(NAME, receiver.port)]
    assert receiver.received[0].headers["host"] == f"{NAME}:{receiver.port}"
    rebound = PinnedSender(FakeResolver(["127.0.0.1"]))
    again = await rebound.post(f"https://{NAME}:{receiver.port}/hooks", {}, b"{}")
    assert again == Attempt(None, "private address")
    assert len(receiver.received) == 1


async def test_tls_proves_the_name_and_not_the_address() -> None:
    authority = trustme.CA()
    serving, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(NAME).configure_cert(serving)
    authority.configure_trust(trust)
    with running_receiver(serving) as receiver:
        sender = PinnedSender(FakeResolver(["127.0.0.1"]), allow_private=True, trust=trust)
        assert await sender.post(f"https://{NAME}:{receiver.port}/", {}, b"{}") == Attempt(204)
        other = await sender.post(f"https://other.example:{receiver.port}/", {}, b"{}")
        assert other == Attempt(None, "TLS")
        untrusting = PinnedSender(FakeResolver(["127.0.0.1"]), allow_private=True)
        assert (await untrusting.post(f"https://{NAME}:{receiver.port}/", {}, b"{}")).error == "TLS"
        assert len(receiver.received) == 1


async def test_no_redirect_is_followed(receiver: Receiver) -> None:
    receiver.status, receiver.location = 307, f"{receiver.url}/elsewhere"
    sender = PinnedSender(SystemResolver(), allow_private=True)
    answered = await sender.post(receiver.url, {}, b"{}")
    assert (answered.status, answered.delivered) == (307, False)
    assert [each.path for each in receiver.received] == ["/hooks"]


@pytest.mark.parametrize(
    ("told", "least", "most"),
    [
        ("120", 120_000, 120_000),
        ("9" * 40, 1, 10**12),
        ("soon", 0, 0),
        ("-1", 0, 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 0),
        ("Thu, 01 Jan 2099 00:00:00 GMT", 1, 10**13),
    ],
)
async def test_a_receiver_says_when_it_wants_to_be_asked_again(
    receiver: Receiver, told: str, least: int, most: int
) -> None:
    receiver.status, receiver.retry_after = 503, told
    answered = await PinnedSender(SystemResolver(), allow_private=True).post(receiver.url, {}, b"{}")
    assert answered.status == 503
    assert least <= answered.wait_ms <= most


async def test_an_answer_that_never_ends_is_not_read(receiver: Receiver) -> None:
    receiver.status, receiver.endless = 200, True
    began = time.monotonic()
    assert (await PinnedSender(SystemResolver(), allow_private=True).post(receiver.url, {}, b"{}")).delivered
    assert time.monotonic() - began < 2


async def test_a_receiver_has_so_long(receiver: Receiver) -> None:
    receiver.delay_s = 20
    slow = await PinnedSender(SystemResolver(), allow_private=True, patience_s=0.3).post(receiver.url, {}, b"{}")
    assert slow == Attempt(None, "timeout")


async def test_another_address_of_a_name_is_tried(receiver: Receiver) -> None:
    sender = PinnedSender(FakeResolver(["127.0.0.99", "127.0.0.1"]), allow_private=True)
    assert (await sender.post(f"http://{NAME}:{receiver.port}/", {}, b"{}")).delivered


async def test_nobody_there_is_an_answer_as_well() -> None:
    sender = PinnedSender(SystemResolver(), allow_private=True)
    assert await sender.post("http://127.0.0.1:9/", {}, b"{}") == Attempt(None, "no connection")
    assert await sender.post("https://nobody.invalid/", {}, b"{}") == Attempt(None, "name not found")


async def test_the_systems_authorities_are_read_before_the_first_delivery_and_by_no_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = PinnedSender(FakeResolver(["127.0.0.1"]), allow_private=True)
    authority, serving = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(serving)
    authority.cert_pem.write_to_path(str(tmp_path / "authorities.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))
    with running_receiver(serving) as receiver:
        assert await sender.post(f"https://{NAME}:{receiver.port}/", {}, b"{}") == Attempt(204)
