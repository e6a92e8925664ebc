"""Reads problem documents (RFC 9457); the service repeats no identifier in one."""

from __future__ import annotations

import msgspec


class _Fault(msgspec.Struct):
    detail: str = ""
    pointer: str = ""


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""
    errors: list[_Fault] = []


_DECODER = msgspec.json.Decoder(_Problem)
_NOTHING = "no reason"


def said_by(body: bytes) -> str:
    """Return what a problem document says, in one line."""
    try:
        problem = _DECODER.decode(body)
    except msgspec.MsgspecError:
        return _NOTHING
    faults = (f"{fault.pointer} {fault.detail}".strip() for fault in problem.errors)
    return " - ".join(filter(None, dict.fromkeys((problem.title, problem.detail, *faults)))) or _NOTHING
