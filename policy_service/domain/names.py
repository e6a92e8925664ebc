"""How long the ids and names may be that others give to things."""

MAX_NAME = 255
"""Characters of the id of a charger or an agreement, of the name of a vehicle or a fleet, of a label and its values."""
