"""Where the text of a fresh key goes: to standard output, or to a file that only its owner may read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from policy_service.application.views import key_view
from policy_service.entrypoints.cli.console import note, out_json, out_raw
from policy_service.entrypoints.cli.failure import CommandError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from typing import TextIO

    from policy_service.application.commands.manage_keys import MadeKey

_OWNER_ALONE = 0o600


@contextmanager
def new_key_file(path: Path | None) -> Generator[TextIO | None]:
    """Make the file before there is a key to lose, and take it away again where none is made. Raises CommandError."""
    if path is None:
        yield None
        return
    try:
        path.touch(_OWNER_ALONE, exist_ok=False)
        file = path.open("w", encoding="ascii")
    except FileExistsError:
        message = f"`{path}` exists already; no key was made"
        raise CommandError(message, "name a new file: the key in that one may be the only copy") from None
    except OSError as error:
        message = f"`{path}` cannot be written: {error.strerror}; no key was made"
        raise CommandError(message, "give a file in a directory that you may write") from None
    with file:
        try:
            yield file
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def tell_made(made: MadeKey, file: TextIO | None, *, as_json: bool) -> None:
    """Write the key where it is wanted, and what is worth knowing beside it. Raises CommandError."""
    if file is not None:
        _write(made, file)
    if as_json:
        view = key_view(made.key, made.key.created_at)
        out_json(view if file is not None else {**view, "key": made.text})
    elif file is None:
        out_raw(made.text + "\n", flush=True)
    where = "it is not shown again" if file is None else f"it is in {file.name} alone"
    note(f"key {made.key.id} of {made.key.name}; {where}, and only its hash is kept")


def _write(made: MadeKey, file: TextIO) -> None:
    try:
        file.write(made.text + "\n")
        file.flush()
    except OSError as error:
        message = f"`{file.name}` cannot be written: {error.strerror}; the key {made.key.id} was made all the same"
        hint = f"end it with `policy-service keys revoke {made.key.id}`, and make another"
        raise CommandError(message, hint) from None
