"""Reads problem documents (RFC 9457); the service repeats no identifier in one."""

from __future__ import annotations

import msgspec

from policy_service.client.reading import read


class _Fault(msgspec.Struct):
    detail: str = ""
    pointer: str = ""


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""
    errors: list[_Fault] = []


_DECODER = msgspec.json.Decoder(_Problem)
_NOTHING = "no reason"
_LONGEST = 500
"""Characters of a text that a log takes, whoever wrote it."""


def names_a_place(body: bytes) -> bool:
    """Tell whether a problem document says where in the request it lies."""
    problem = read(_DECODER, body)
    return problem is not None and any(fault.pointer for fault in problem.errors)


def said_by(body: bytes) -> str:
    """Return what a problem document says, in one line."""
    problem = read(_DECODER, body) or _Problem()
    faults = (f"{fault.pointer} {fault.detail}".strip() for fault in problem.errors)
    said = " - ".join(filter(None, dict.fromkeys((problem.title, problem.detail, *faults)))) or _NOTHING
    return said[:_LONGEST] if said.isprintable() else _NOTHING
