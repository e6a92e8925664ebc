"""How long the ids and names may be that others give to things, and what stands in no text that people read."""

MAX_NAME = 255
"""Characters of the id of a charger or an agreement, of the name of a vehicle or a fleet, of a label and its values."""

MISLEADING = r"\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
"""Inside brackets of a regular expression: what ends a line, or turns the order of what follows, would let a text pass
for another where it is printed. What joins letters, as in Persian, and marks of direction belong to texts."""
