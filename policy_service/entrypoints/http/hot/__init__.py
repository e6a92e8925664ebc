"""The short ways to a decision: what most requests need and no more; whatever else one may need takes the long way.

``lanes`` says which path has which lane: ``lane`` for a decide, ``batch`` for many, ``verbatim`` for OCPP's messages.
``head``, ``question`` and ``payload`` are pure, bytes to noun; ``answer`` and ``reply`` make bytes of nouns; ``door``
tells who is answered here. ``connection`` asks the lanes in the server's parser, ``shortcut`` before the framework.
"""
