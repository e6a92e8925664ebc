"""The schemas on disk are the generated ones and accept what the parser accepts. UPDATE_GOLDEN=1 writes them anew."""

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
import yaml

from policy_service.language.load import load
from policy_service.language.parse import parse
from policy_service.language.schema import schemas

ROOT = Path(__file__).parents[2]
BUILT_IN = sorted((ROOT / "policy_service" / "charger_profiles").glob("*.yaml"))
SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.yaml"))


class CoreLoader(yaml.SafeLoader):
    """Reads scalars by YAML 1.2 core rules, as editors do: no dates, no sexagesimals, no `on`."""


CoreLoader.yaml_implicit_resolvers = {
    key: [(tag, pattern) for tag, pattern in rows if tag in ("tag:yaml.org,2002:null", "tag:yaml.org,2002:float")]
    for key, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", yaml.SafeLoader.yaml_implicit_resolvers["t"][0][1], list("tf")
)
CoreLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?[1-9][0-9]*$|0$"), list("-+0123456789"))


def documents(path: Path) -> list[object]:
    return [document for document in yaml.load_all(path.read_text(), CoreLoader) if document is not None]


@cache
def generated() -> Mapping[str, dict[str, Any]]:
    return schemas()


@cache
def validator_of(name: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(generated()[name])


@pytest.mark.parametrize("name", sorted(generated()))
def test_the_schema_on_disk_is_the_generated_one(name: str) -> None:
    path = ROOT / "schemas" / name
    made = orjson.dumps(generated()[name], option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made)
    assert path.read_bytes() == made


@pytest.mark.parametrize("draft", ["", "draft-07/"])
@pytest.mark.parametrize("sample", [*SAMPLES, *BUILT_IN], ids=lambda path: path.stem)
def test_the_schema_accepts_what_the_parser_accepts(sample: Path, draft: str) -> None:
    validator = validator_of(f"{draft}policy-file.v1.json")
    for document in documents(sample):
        assert [str(error) for error in validator.iter_errors(document)] == []


def test_the_samples_are_one_tree_without_findings() -> None:
    checked = load({path.name: path.read_bytes() for path in SAMPLES})
    assert checked.diagnostics == ()
    assert checked.tree is not None


def test_the_schema_refuses_an_unknown_key() -> None:
    validator = validator_of("calendar.v1.json")
    document = {"apiVersion": "policy-service/v1", "kind": "Calendar", "metadata": {"name": "a"}, "spec": {"dates": []}}
    assert validator.is_valid(document)
    assert not validator.is_valid({**document, "extra": 1})


def emptied(value: object, way: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Yield the value again and again, each time with another part of it left without a value, and where."""
    yield way, None
    if isinstance(value, dict):
        yield from ((at, {**value, key: less}) for key in value for at, less in emptied(value[key], (*way, key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for at, less in emptied(item, (*way, index)):
                yield at, [*value[:index], less, *value[index + 1 :]]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_what_is_left_without_a_value_is_told_wherever_the_schema_refuses_it(sample: Path) -> None:
    validator = validator_of("policy-file.v1.json")
    accepted = set[str | int]()
    for document in documents(sample):
        for way, less in list(emptied(document))[1:]:
            refused = any(found.severity == "error" for found in parse("a.json", orjson.dumps(less)).diagnostics)
            assert refused is not validator.is_valid(less), way
            accepted.update(() if refused else way[-1:])
    assert accepted <= {"window"}  # of what a test expects: no window is one


def test_every_key_has_a_description() -> None:
    for name, schema in generated().items():
        if name.startswith(("draft-07/", "policy-file")):
            continue
        for shape in (schema, *schema.get("$defs", {}).values()):
            for key, inner in shape.get("properties", {}).items():
                assert inner.get("description"), (name, key)
