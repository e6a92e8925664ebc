"""The short ways to a decision: what most requests need and no more; whatever else one may need takes the long way.

``question`` and ``answer`` are pure, bytes to noun and noun to bytes; ``lane`` stands between the two and answers what
nothing has to be waited for; ``shortcut`` does the rest of ``/v1/decide`` before FastAPI would.
"""
