"""Text to located trees: what a file says and where, before anybody asks what it means."""

from __future__ import annotations

from codecs import BOM_UTF8
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policy_service.domain.place import Place
from policy_service.language.json_text import read_json
from policy_service.language.lines import MAX_BYTES, place_of
from policy_service.language.tree import ScalarNode
from policy_service.language.wording import finding
from policy_service.language.yaml_text import YamlReader

if TYPE_CHECKING:
    from policy_service.domain.diagnostic import Diagnostic
    from policy_service.language.tree import Node


SUFFIXES = (".yaml", ".yml", ".json")
"""How the names of policy files end."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file's documents as located trees, and what is wrong with the text."""

    file: str
    documents: tuple[Node, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def read(file: str, data: bytes) -> Source:
    """Read a file; JSON where its name says so, else YAML. Never raises: what is wrong is a diagnostic."""
    start = Place(file, 1, 1)
    if len(data) > MAX_BYTES:
        message = f"the file has more than the {MAX_BYTES} bytes that a file may have"
        return Source(file, (), (finding("PS005", start, message, "split it into several files"),))
    try:
        text = data.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        return Source(file, (), (_no_text(file, error),))
    nul = text.find("\0")
    if nul >= 0:
        message = "a NUL character cannot stand in a policy file"
        return Source(file, (), (finding("PS001", place_of(file, text, nul), message, "remove it"),))
    if not text.strip():  # cut off while it was written, rather than meant to say nothing
        help_text = "remove the file, or write into it; a comment will do where it is to say nothing"
        return Source(file, (), (finding("PS002", start, "the file is empty", help_text),))
    documents, findings = _documents(file, text)
    written = [node for node in documents if not (isinstance(node, ScalarNode) and node.text is None)]
    if not written and not findings:
        help_text = "remove the file, or write a document with `apiVersion`, `kind`, `metadata` and `spec`"
        findings = [finding("PS007", start, "the file holds no document", help_text)]
    return Source(file, tuple(written), tuple(findings))


def is_json(file: str) -> bool:
    """Tell whether a file's name says that it is read as JSON."""
    return file.lower().endswith(".json")


def _documents(file: str, text: str) -> tuple[list[Node], list[Diagnostic]]:
    if is_json(file):
        return read_json(file, text)
    reader = YamlReader(file, text)
    reader.read()
    return reader.documents, reader.findings


def _no_text(file: str, error: UnicodeDecodeError) -> Diagnostic:
    before: bytes = error.object[: error.start]
    place = place_of(file, before.decode(errors="replace"), len(before.decode(errors="replace")))
    message = f"byte 0x{error.object[error.start]:02X} is not UTF-8"
    return finding("PS001", place, message, "save the file as UTF-8")
