"""Calls to a running service: address and key, and what to say where they fail."""

from __future__ import annotations

import json
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import httpx2
import typer

from policy_service.entrypoints.cli.exit_codes import ExitCode
from policy_service.entrypoints.cli.failure import CommandError
from policy_service.secret_files import SecretFileError, read_secret

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

UrlOption = Annotated[
    str,
    typer.Option(
        "--url",
        metavar="URL",
        help="Address of the running service; unix:///run/policy.sock for a Unix socket.",
        envvar="POLICY_SERVICE_URL",
    ),
]
KeyFileOption = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        help="File with the API key, where the service asks for one.",
        envvar="POLICY_SERVICE_KEY_FILE",
    ),
]
CaFileOption = Annotated[
    Path | None,
    typer.Option(
        "--ca-file",
        metavar="FILE",
        help="Authorities, in PEM, that may have signed the service's certificate.",
        envvar="POLICY_SERVICE_CA_FILE",
    ),
]
CertFileOption = Annotated[
    Path | None,
    typer.Option(
        "--cert-file",
        metavar="FILE",
        help="Client certificate and its key, in one PEM file, where the service asks for one.",
        envvar="POLICY_SERVICE_CERT_FILE",
    ),
]
DEFAULT_URL = "http://127.0.0.1:8080"
_UNIX = "unix://"

_PATIENCE_S = 300.0
_SILENCE_S = 45.0
"""A stream that says nothing for so long is broken: the service shows every 15 s or so that it lives."""
_CONNECT_S = 5.0
MOST_A_PAGE = 1000
"""Items that the service lists at once."""
FORBIDDEN = 403
_UNAUTHORIZED = 401
_UNAVAILABLE = 503
_HINTS = {
    _UNAUTHORIZED: "give a good API key with --key-file or POLICY_SERVICE_KEY_FILE; `policy-service keys` makes one",
    FORBIDDEN: "the key may not do this: ask for one that may",
    _UNAVAILABLE: "the service's /health/ready and its log say what it lacks",
}


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the service is, and who asks it: options of each command that does."""

    url: UrlOption = DEFAULT_URL
    key_file: KeyFileOption = None
    ca_file: CaFileOption = None
    cert_file: CertFileOption = None

    def calls(self) -> ServiceCalls:
        """Return what asks there. Raises CommandError."""
        return ServiceCalls(self.url, self.key_file, ca_file=self.ca_file, cert_file=self.cert_file)


class ProblemAnswerError(CommandError):
    """The service answered with a problem document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        """Tell title, detail and which parts of the request are at fault; ``problem`` keeps the rest."""
        said = [str(problem[key]) for key in ("title", "detail") if problem.get(key)]
        told = " - ".join(dict.fromkeys([*said, *_faults(problem)]))
        super().__init__(f"the service answered {status}: {told or 'no reason'}", _HINTS.get(status), ExitCode.REFUSED)
        self.status = status
        self.problem = problem


def _faults(problem: Mapping[str, Any]) -> Iterator[str]:
    """Name each part of the request that was refused, where the problem lists them (RFC 9457, section 3.1.4)."""
    listed = problem.get("errors")
    for each in cast("list[object]", listed) if isinstance(listed, list) else ():
        fault: Mapping[str, Any] = cast("Mapping[str, Any]", each) if isinstance(each, dict) else {}
        if "detail" in fault:
            place = fault.get("parameter") or fault.get("pointer")
            yield f"{place}: {fault['detail']}" if place else str(fault["detail"])


class ServiceCalls:
    """Asks one service. Every method raises CommandError."""

    def __init__(
        self, url: str, key_file: Path | None, *, ca_file: Path | None = None, cert_file: Path | None = None
    ) -> None:
        """Ask at this address; key and certificates are read now."""
        headers = {"Accept": "application/json"}
        if key_file is not None:
            headers["Authorization"] = f"Bearer {_key(key_file)}"
        self._shown = url.rstrip("/")
        self._socket = url.removeprefix(_UNIX) if url.startswith(_UNIX) else None
        self._url = self._shown if self._socket is None else "http://localhost"
        self._headers = headers
        self._trust = _trust(ca_file, cert_file)

    def get(self, path: str, **wanted: str | int) -> dict[str, Any]:
        """Return an answer's body."""
        return self._call("GET", path, wanted, None, {})

    def each(self, noun: str, *, path: str | None = None, **wanted: str | int) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, page after page; it is at ``/v1/NOUN`` unless a path is given."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path or f"/v1/{noun}", **{"limit": MOST_A_PAGE, **wanted, **cursor})
            yield from page[noun]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    def get_csv(self, path: str, **wanted: str | int) -> tuple[str, str | None]:
        """Return a page of a list as CSV, with the names of the columns above it, and the cursor of the next."""
        answer = self._ask("GET", path, wanted, None, {"Accept": "text/csv"})
        _demand(answer, "text/csv")
        return answer.text, answer.headers.get("X-Next-Cursor")

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str], **wanted: str | int) -> Generator[Iterator[bytes]]:
        """Read an answer that goes on and on, in pieces as they come."""
        with (
            self._faults_told(),
            self._client(_SILENCE_S) as client,
            client.stream("GET", self._url + path, params=wanted, headers={**self._headers, **headers}) as answer,
        ):
            _demand(answer, headers["Accept"])
            yield answer.iter_bytes()

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask for a change and return the answer's body."""
        if body is None:
            return self._call(method, path, {}, None, {})
        return self._call(method, path, {}, (json.dumps(body).encode(),), {"Content-Type": "application/json"})

    def upload(self, path: str, wanted: Mapping[str, str], chunks: Iterable[bytes], media_type: str) -> dict[str, Any]:
        """Stream a body and return the answer's."""
        return self._call("POST", path, wanted, chunks, {"Content-Type": media_type})

    def _call(
        self,
        method: str,
        path: str,
        wanted: Mapping[str, str | int],
        content: Iterable[bytes] | None,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        return _body(self._ask(method, path, wanted, content, headers))

    def _ask(
        self,
        method: str,
        path: str,
        wanted: Mapping[str, str | int],
        content: Iterable[bytes] | None,
        headers: Mapping[str, str],
    ) -> httpx2.Response:
        with self._faults_told(), self._client(_PATIENCE_S) as client:
            return client.request(
                method, self._url + path, params=dict(wanted), content=content, headers={**self._headers, **headers}
            )

    def _client(self, patience_s: float) -> httpx2.Client:
        timeout = httpx2.Timeout(patience_s, connect=_CONNECT_S)
        transport = None if self._socket is None else httpx2.HTTPTransport(uds=self._socket)
        return httpx2.Client(timeout=timeout, trust_env=False, verify=self._trust, transport=transport)

    @contextmanager
    def _faults_told(self) -> Generator[None]:
        try:
            yield
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
            message = "--url is no address of a service"
            raise CommandError(message, f"write it like {DEFAULT_URL}") from None
        except httpx2.HTTPError as error:
            broken, hint = _broken(error)
            message = f"{broken} {self._shown}"
            raise CommandError(message, hint, ExitCode.UNREACHABLE) from None


_ABSENT = "start it with `policy-service serve`, or give its address with --url or POLICY_SERVICE_URL"
_INSECURE = "give who signed its certificate with --ca-file, and http:// where it does not speak TLS"


def _broken(error: httpx2.HTTPError) -> tuple[str, str]:
    """Return what happened, in words before the address, and what to do."""
    if isinstance(error, httpx2.TimeoutException):
        return "no answer came in time from", _ABSENT
    for dated in ("has expired", "is not yet valid"):
        if f"certificate {dated}" in str(error):
            return (
                f"the certificate {dated} of",
                "renew it, or set the clock right; `policy-service doctor` tells its dates",
            )
    if not isinstance(error, httpx2.ConnectError):
        return "the connection broke to", _ABSENT
    if "SSL" in str(error):
        return "no secure connection (https) comes about with", _INSECURE
    return "no service answers at", _ABSENT


def _trust(ca_file: Path | None, cert_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None and cert_file is None:
        return True
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError):
        message = "--ca-file names a file that holds no authorities"
        raise CommandError(message, "check path and rights; it must be PEM") from None
    try:
        if cert_file is not None:
            context.load_cert_chain(cert_file)
    except (OSError, ValueError):
        message = "--cert-file names a file that holds no certificate with its key"
        raise CommandError(message, "put both into one file, in PEM, the key without a password") from None
    return context


def _demand(answer: httpx2.Response, media_type: str) -> None:
    """Raise CommandError where the answer is of another kind."""
    if answer.is_success and answer.headers.get("Content-Type", "").startswith(media_type):
        return
    answer.read()
    _body(answer)
    raise _strange(answer)


def _body(answer: httpx2.Response) -> dict[str, Any]:
    try:
        body = json.loads(answer.content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _strange(answer)
    found = cast("dict[str, Any]", body)
    if not answer.is_success:
        raise ProblemAnswerError(answer.status_code, found)
    return found


def _strange(answer: httpx2.Response) -> CommandError:
    message = f"what answers there is no policy-service (status {answer.status_code})"
    code = ExitCode.UNREACHABLE if answer.is_server_error else ExitCode.REFUSED  # a gateway answers in its stead
    return CommandError(message, "check --url", code)


def _key(path: Path) -> str:
    try:
        key = read_secret(path).strip()
    except SecretFileError as error:
        message = f"the key file `{path}` {error}"
        raise CommandError(message, "check path and rights") from None
    if not key.isascii() or not key.isprintable() or len(key.split()) != 1:
        message = f"the key file `{path}` holds no key"
        raise CommandError(message, "it holds one word, as `policy-service keys create` prints it")
    return key
