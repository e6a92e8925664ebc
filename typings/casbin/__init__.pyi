from collections.abc import Callable, Sequence
from typing import Any

from casbin.model import FastModel

class FastEnforcer:
    model: FastModel
    def __init__(self, model: FastModel, adapter: None, *, cache_key_order: Sequence[int]) -> None: ...
    def add_function(self, name: str, func: Callable[..., Any]) -> None: ...
    def enforce(self, *rvals: object) -> bool: ...
