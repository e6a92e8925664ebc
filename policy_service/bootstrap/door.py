"""Who may call, wired: keys, tokens, the key that a file brings in, and when the service must not start without any."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from policy_service.adapters.last_known_keys import FileLastKnownKeys
from policy_service.adapters.sql.keys import SqlKeys
from policy_service.application.access_keys import AccessKeys, follow_keys, keep_uses
from policy_service.application.callers import Callers, NoTokens
from policy_service.application.commands.manage_keys import ManageKeys
from policy_service.application.ports import StoreUnavailableError
from policy_service.secret_files import SecretFileError, read_secret
from policy_service.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path
    from typing import Self

    from policy_service.adapters.issuer_keys import IssuerKeys
    from policy_service.adapters.sql.engine import Database
    from policy_service.application.decision_id import DecisionIds
    from policy_service.application.ports import Clock, TokenVerifier
    from policy_service.application.version_watch import VersionWatch
    from policy_service.settings import Settings


class Door:
    """What lets callers in."""

    def __init__(self, keys: AccessKeys, manage: ManageKeys, tokens: TokenVerifier, issuer: IssuerKeys | None) -> None:
        """Take the parts; :meth:`at` puts them together."""
        self._keys = keys
        self._manage = manage
        self._tokens = tokens
        self._issuer = issuer
        self.callers = Callers(keys, tokens)

    @classmethod
    def at(cls, settings: Settings, database: Database, clock: Clock, ids: DecisionIds) -> Self:
        """Build the door for these settings; it is shut until :meth:`open`."""
        store, issuer = SqlKeys(database), _issuer(settings)
        tokens = NoTokens() if issuer is None else _tokens(settings, issuer, clock)
        keys = AccessKeys(store, FileLastKnownKeys(settings.state_dir), clock)
        return cls(keys, ManageKeys(store, clock, ids), tokens, issuer)

    async def open(self, settings: Settings) -> None:
        """Learn the keys, and bring the file's one in. Raises ValueError and StoreUnavailableError.

        A ValueError says what to do: a key file that holds none, or an address that others reach without any key.
        """
        await self._keys.learn()
        if settings.bootstrap_key_file is not None:
            with suppress(StoreUnavailableError):  # learned without the store: it brings the key in at the next start
                if await self._manage.bring_in(_key_in(settings.bootstrap_key_file)):
                    await self._keys.reload()
        if not (is_loopback(settings.host) or self._keys.any_active or self._tokens.configured):
            raise ValueError(_keyless(settings))

    def works(self, watch: VersionWatch) -> Sequence[Callable[[], Awaitable[None]]]:
        """Return the work in the background that keeps the door current."""
        works = [partial(follow_keys, watch, self._keys), partial(keep_uses, self._keys)]
        return works if self._issuer is None else [*works, self._issuer.keep_fresh]

    async def close(self) -> None:
        """Note the last uses."""
        with suppress(StoreUnavailableError):
            await self._keys.note_uses()


def _issuer(settings: Settings) -> IssuerKeys | None:
    if not settings.jwt_issuer:
        return None
    from policy_service.adapters.issuer_keys import IssuerKeys  # noqa: PLC0415 - most have no use for tokens

    return IssuerKeys(settings.jwt_jwks_url, direct=is_loopback(urlsplit(settings.jwt_jwks_url).hostname or ""))


def _tokens(settings: Settings, issuer: IssuerKeys, clock: Clock) -> TokenVerifier:
    from policy_service.adapters.jwt_tokens import JwtTokens, TokenRules  # noqa: PLC0415 - see _issuer()

    rules = TokenRules(
        settings.jwt_issuer,
        settings.algorithms,
        settings.jwt_audience or None,
        settings.client_ids,
        settings.jwt_scope_prefix,
    )
    return JwtTokens(rules, issuer, clock)


def _key_in(path: Path) -> str:
    try:
        return read_secret(path).strip()
    except SecretFileError as error:
        message = f"POLICY_SERVICE_BOOTSTRAP_KEY_FILE names a file that {error}"
        raise ValueError(message) from None


def _keyless(settings: Settings) -> str:
    where = "" if settings.database_url else f" --state-dir {settings.state_dir}"
    same = " (with the same POLICY_SERVICE_DATABASE_URL)" if settings.database_url else ""
    return (
        f"others can reach {settings.host}, and no key stands in their way; make one{same}:\n"
        f"  policy-service keys create --name NAME --scope admin{where}\n"
        "or name a file with one in POLICY_SERVICE_BOOTSTRAP_KEY_FILE, or set POLICY_SERVICE_JWT_ISSUER; "
        "POLICY_SERVICE_HOST=127.0.0.1 listens on this machine alone"
    )
