from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policy_service.adapters.sealing import AesGcmSeal
from policy_service.adapters.secret_fingerprints import SecretFingerprints

_SEAL = AesGcmSeal(b"a secret of the tests")
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=255)


@given(_TEXTS, st.uuids(), st.uuids())
def test_only_the_service_opens_a_seal_and_only_for_its_decision(text: str, one: object, other: object) -> None:
    sealed = _SEAL.seal(text, str(one))
    assert _SEAL.opened(sealed, str(one)) == text
    assert one == other or _SEAL.opened(sealed, str(other)) is None
    assert AesGcmSeal(b"another secret").opened(sealed, str(one)) is None
    assert len(text) < 4 or text not in sealed


@given(st.text(max_size=40))
def test_what_is_no_seal_is_not_opened(text: str) -> None:
    assert _SEAL.opened(text, "d") is None


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.binary(min_size=16, max_size=32))
def test_generations_have_fingerprints_of_their_own(form: str, salt: bytes) -> None:
    prints = SecretFingerprints(b"secret")
    first, name, pin = prints.fingerprint(form), prints.name(form), prints.pin_key(form)
    prints.use({2: salt})
    assert (prints.generation, prints.name(form), prints.pin_key(form)) == (2, name, pin)
    assert prints.fingerprints(form) == [first, prints.fingerprint(form)]
    assert first != prints.fingerprint(form)
