"""Whatever bytes a tree holds, loading it ends in a tree or in findings at places."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy_service.domain.codes import CODES
from policy_service.language.load import load
from policy_service.language.render import render

SAMPLES = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("samples/*.yaml"))]
SCRAPS = [b"", b"*", b"&a ", b"!t ", b"[", b"]", b"{", b"}", b"\n", b": ", b"- ", b"|\n", b'"', b"'", b"\0", b"\xff"]
SCRAPS += [
    b"null",
    b"true",
    b"-1",
    b"99:99",
    b"\t",
    b"? ",
    b"---\n",
    b"#",
    b"\xe2\x80\xa8",
    b"\\ud800",
    b"P1D",
    b"[]",
    b"{}",
]
SCRAPS += [b"unknown", b"9" * 400, b"\x85", b"\r", b"%", b"@", b"key: {}"]


def loads(files: dict[str, bytes]) -> None:
    checked = load(files)
    for found in checked.diagnostics:
        assert found.code in CODES
        assert not found.message[:1].isupper()
        assert not found.message.endswith(".")
        assert found.place.line >= 1
        assert found.place.column >= 1
    assert (checked.tree is None) == any(found.severity == "error" for found in checked.diagnostics)
    render(checked.diagnostics, files, colour=True)


@given(st.sampled_from(["a.yaml", "a.json"]), st.binary(max_size=400))
@settings(deadline=None)
def test_arbitrary_bytes_end_in_findings(name: str, data: bytes) -> None:
    loads({name: data})


@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(SCRAPS)), min_size=1, max_size=4),
)
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_policies_end_in_findings(data: bytes, edits: list[tuple[float, int, bytes]]) -> None:
    for where, dropped, scrap in edits:
        start = int(where * len(data))
        data = data[:start] + scrap + data[start + dropped :]
    loads({"a.yaml": data, "b.yaml": SAMPLES[1]})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["name", "spec", "kind", "days"]), inner)
    ),
    max_leaves=12,
)
KEYS = [
    "chargers",
    "windows",
    "allow",
    "timezone",
    "cases",
    "vehicles",
    "dates",
    "charger",
    "from",
    "to",
    "expect",
    "when",
]


@given(
    st.sampled_from(
        ["AccessPolicy", "Schedule", "Override", "Calendar", "Attributes", "ChargerInventory", "PolicyTest"]
    ),
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5),
    JSON,
)
@settings(deadline=None)
def test_any_shape_ends_in_findings(kind: str, spec: dict[str, object], metadata: object) -> None:
    import json  # noqa: PLC0415 - the one writer that writes NaN and surrogates as well

    document = {"apiVersion": "policy-service/v1", "kind": kind, "metadata": metadata, "spec": spec}
    text = json.dumps(document)
    loads({"a.json": text.encode()})
    loads({"a.yaml": text.encode()})
