"""The forms that short texts of requests have, and how each is told to whoever sent another."""

from __future__ import annotations

from policy_service.domain.names import MISLEADING

LABEL = r"^[^:\u0000-\u001f\u007f-\u009f]+:[^\u0000-\u001f\u007f-\u009f]+$"
PROSE = rf"^[^\u0000-\u001f\u007f-\u009f{MISLEADING}]+$"
"""What people write for people."""
IMPORT_MODE = r"^(merge|replace)$"
SOURCE = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
SPAN = (
    r"^P([1-9][0-9]{0,2}D(T[1-9][0-9]{0,3}H)?"
    r"|T[1-9][0-9]{0,3}H([1-9][0-9]{0,2}M)?|T[1-9][0-9]{0,5}M|T[1-9][0-9]{0,7}S)$"
)
LANGUAGE = r"^[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8}){0,4}$"
TEXT_LANGUAGE = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$"
TRACE = r"^[!-~]+$"
URL = r"^https?://[A-Za-z0-9.:\[\]_-]{1,300}([/?][!-~]{0,1600})?$"
CURSOR = r"^[A-Za-z0-9_-]{1,800}$"
EVENT_NUMBER = r"^[0-9]{1,15}$"
HEX_32 = r"^[0-9a-f]{32}$"
DECISION_ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
OVERRIDE_ID = r"^ov-[0-9a-hjkmnp-tv-z]{8}$"
WEBHOOK_ID = r"^wh-[0-9a-hjkmnp-tv-z]{10}$"
IMPORT_ID = r"^im-[0-9a-hjkmnp-tv-z]{10}$"

_LANGUAGE_TOLD = "it must be a language, such as `en` or `fr-CA`"
_TOLD = {
    LABEL: "it must be a label and its value, such as `depot:north`",
    PROSE: "it must be one line, without control characters and without ones that turn the order of a text",
    IMPORT_MODE: "it must be `merge` or `replace`",
    SOURCE: "it must be a name of up to 64 letters, digits and `_.-`, such as `fleet-office`",
    SPAN: "it must be a duration, such as `PT26H`, `P1D` or `PT90M`",
    LANGUAGE: _LANGUAGE_TOLD,
    TEXT_LANGUAGE: _LANGUAGE_TOLD,
    TRACE: "it must be printable ASCII without blanks",
    URL: "it must be an address such as `https://csms.example/hooks`, without a user in it",
    CURSOR: "it must be `next_cursor` of the page before",
    EVENT_NUMBER: "it must be the `id` of an event of this stream",
    HEX_32: "it must be 32 hexadecimal digits, as answers have them",
    DECISION_ID: "it must be the id of a decision, such as `01a20660-16e1-7b29-b7cb-c1ca63137f0c`",
    OVERRIDE_ID: "it must be the id of an override, such as `ov-7k3m9x2a`",
    WEBHOOK_ID: "it must be the id of a webhook, such as `wh-7k3m9x2a4c`",
    IMPORT_ID: "it must be the id of an import, such as `im-7k3m9x2a4c`",
}


def form_of(pattern: str) -> str:
    """Return what a text must look like that does not match the pattern."""
    return _TOLD.get(pattern, "there are characters, or a form, that are not accepted here")
