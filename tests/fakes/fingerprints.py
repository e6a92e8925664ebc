"""Fingerprints that a test can predict."""

from __future__ import annotations

from hashlib import sha256


class FakeFingerprints:
    """Hashes without a key."""

    def pin_key(self, normal_form: str) -> str:
        return "pin:" + sha256(normal_form.encode()).hexdigest()

    generation = 1

    def fingerprints(self, normal_form: str) -> list[str]:
        return [self.fingerprint(normal_form)]

    def name(self, text: str) -> str:
        return self.fingerprint(text)

    def proof(self, owner: str, content: bytes) -> bytes:
        return sha256(owner.encode() + content).digest()

    def use(self, salts: dict[int, bytes]) -> None:
        """Stay as it is."""

    def fingerprint(self, normal_form: str) -> str:
        return sha256(b"f" + normal_form.encode()).hexdigest()[:32]
