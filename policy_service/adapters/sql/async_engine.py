"""SQLAlchemy's engine for asyncio without its object-relational mapper, a sixth of what the server would import.

The package ``sqlalchemy.ext.asyncio`` imports sessions beside the engine, and with them the mapper, which nobody uses
here. Its module of engines is imported as if the package had been; whoever imports the package later gets all of it.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec

_PACKAGE = "sqlalchemy.ext.asyncio"

_spec = None if _PACKAGE in sys.modules else find_spec(_PACKAGE)
if _spec is not None:
    sys.modules[_PACKAGE] = module_from_spec(_spec)  # in its place, and not run
try:
    from sqlalchemy.ext.asyncio.engine import create_async_engine
finally:
    if _spec is not None:
        del sys.modules[_PACKAGE]

__all__ = ["create_async_engine"]
