"""The table of diagnostic codes: PS0xx how a file is written, PS1xx what it means. PS2xx are the rules of lint."""

from __future__ import annotations

from dataclasses import dataclass

from policy_service.domain.diagnostic import Severity


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A kind of finding: its weight and its title."""

    severity: Severity
    title: str


_E, _W = Severity.ERROR, Severity.WARNING

CODES: dict[str, CodeRow] = {
    # the text
    "PS001": CodeRow(_E, "file cannot be read as text"),
    "PS002": CodeRow(_E, "not well-formed YAML or JSON"),
    "PS003": CodeRow(_E, "duplicate key"),
    "PS004": CodeRow(_E, "anchors, aliases and tags are not part of the format"),
    "PS005": CodeRow(_E, "a limit of the format is exceeded"),
    "PS006": CodeRow(_E, "no policy in the tree"),
    "PS007": CodeRow(_W, "file without any document"),
    "PS008": CodeRow(_E, "policy-service.toml is not accepted"),
    # the shape
    "PS010": CodeRow(_E, "unknown kind or apiVersion"),
    "PS011": CodeRow(_E, "unknown key"),
    "PS012": CodeRow(_E, "missing key"),
    "PS013": CodeRow(_E, "value of the wrong type"),
    "PS014": CodeRow(_E, "value not accepted"),
    "PS015": CodeRow(_E, "keys that do not go together"),
    "PS016": CodeRow(_E, "name defined twice"),
    "PS017": CodeRow(_E, "identifier in a policy file"),
    # the meaning
    "PS101": CodeRow(_E, "unknown time zone"),
    "PS102": CodeRow(_E, "recurrence rule not accepted"),
    "PS103": CodeRow(_E, "recurrence rule without any occurrence"),
    "PS104": CodeRow(_E, "reference to a name that does not exist"),
    "PS105": CodeRow(_E, "unknown holiday region"),
    "PS106": CodeRow(_E, "condition not accepted"),
    "PS107": CodeRow(_E, "attribute does not fit its declaration"),
    "PS108": CodeRow(_W, "exdate that meets no occurrence"),
    "PS109": CodeRow(_W, "no occurrence in the next year"),
    "PS110": CodeRow(_E, "windows of equal priority overlap and differ"),
    "PS111": CodeRow(_E, "policies of equal priority claim the same charger"),
    "PS112": CodeRow(_E, "overrides overlap and differ"),
    "PS113": CodeRow(_E, "override that ends before it starts"),
    "PS114": CodeRow(_E, "policy test cannot be asked"),
    "PS115": CodeRow(_W, "charger and its profile speak different protocols"),
}
