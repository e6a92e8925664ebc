"""Names in OCPP's requests, as every way reads them."""

import re

_PRINTABLE = re.compile(r"[!-~]{1,64}")


def printable(name: str) -> str | None:
    """Return what may be recorded of a name that others chose: no blanks, no control characters, nothing endless."""
    return name if _PRINTABLE.fullmatch(name) else None
