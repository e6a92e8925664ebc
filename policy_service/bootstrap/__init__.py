"""The composition root: the only package that names adapters.

``wiring`` builds the service; what is offered here is enough for offline commands and loads no database library.
"""

from __future__ import annotations

from policy_service.bootstrap.offline import Offline, offline

__all__ = ["Offline", "offline"]
