from collections.abc import Callable
from typing import TypeVar

_Handler = TypeVar("_Handler", bound=Callable[..., object])

def on(action: str, *, skip_schema_validation: bool = ...) -> Callable[[_Handler], _Handler]: ...
def after(action: str) -> Callable[[_Handler], _Handler]: ...
