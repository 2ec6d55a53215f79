"""How commands reach the admin API: over `admin.sock` while `serve` runs, else in-process.

Both ways are one HTTP client with another transport under it, so a command gives the same
answer either way. Only a command that adds something makes a data folder that is not there:
one that asks would answer a mistyped `--data` with zeros.
Counterparts: `admin/server` listens, `compose/local` opens the folder.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

import httpx

from weighbridge.config import Settings
from weighbridge.control.folder import DataFolder
from weighbridge.errors import (
    ControlError,
    FolderInUseError,
    NotFoundError,
    Problem,
    UsageError,
    WeighbridgeError,
)

_BASE: Final = "http://weighbridge"
_TIMEOUT_S: Final = 600.0
_STARTING_S: Final = 10.0
_RETRY_S: Final = 0.2
_LEAST_SEVERE: Final = "warning"  # what a command does, it says itself


class Client:
    """Asks the admin API; every error answer becomes one of our errors.

    `live` says whether a running gateway answers, rather than this process itself.
    """

    def __init__(self, transport: httpx.BaseTransport, *, live: bool) -> None:
        self.live = live
        self._http = httpx.Client(transport=transport, base_url=_BASE, timeout=_TIMEOUT_S)

    def __repr__(self) -> str:
        return f"<Client {self._http.base_url}>"

    def get(self, path: str, params: Any = None) -> Any:
        """The document at a path."""
        return self._ask("GET", path, params=params)

    def post(self, path: str, document: Mapping[str, Any]) -> Any:
        """What a document that is posted gives."""
        return self._ask("POST", path, json=document)

    def patch(self, path: str, document: Mapping[str, Any]) -> Any:
        """What a change gives."""
        return self._ask("PATCH", path, json=document)

    def delete(self, path: str) -> Any:
        """What is left of what is deleted."""
        return self._ask("DELETE", path)

    def close(self) -> None:
        """Let the connection go."""
        self._http.close()

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        try:
            response = self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise ControlError(
                f"the running gateway did not answer ({type(error).__name__}); see its log"
            ) from None
        if response.is_success:
            return response.json()
        raise _error(response)


@contextmanager
def connect(settings: Settings, *, makes: bool = False) -> Iterator[Client]:
    """A client of the gateway that serves a data folder, or of the folder itself.

    Takes: `makes`, whether to begin a folder where there is none.
    Errors: `NotFoundError` where there is none, `FolderInUseError` where another process holds
    the folder and does not answer.
    """
    folder = DataFolder(settings.data)
    give_up_at = time.monotonic() + _STARTING_S
    while True:
        if _serves(folder):
            client = Client(httpx.HTTPTransport(uds=str(folder.admin_socket)), live=True)
            try:
                yield client
            finally:
                client.close()
            return
        if not makes and not folder.begun:
            raise NotFoundError(
                f"there is no ledger in {folder.root} yet; start `weighbridge serve`, or name "
                "another folder with --data"
            )
        # What is logged in this process belongs on stderr: stdout is the answer.
        import_module("weighbridge.privacy.log").configure(_LEAST_SEVERE, settings.log.format)
        try:
            opened = import_module("weighbridge.compose.local").local_app(settings)
            app = opened.__enter__()
        except FolderInUseError:
            # A gateway that is starting holds the folder before it answers.
            if time.monotonic() > give_up_at:
                raise
            time.sleep(_RETRY_S)
            continue
        break
    client = Client(_InProcess(app), live=False)
    try:
        yield client
    finally:
        client.close()
        opened.__exit__(None, None, None)


@contextmanager
def connect_to_book(settings: Settings) -> Iterator[Client]:
    """A client for the price book alone, which needs no folder where nothing serves.

    Errors: `ConfigurationError` where the price data cannot be used.
    """
    folder = DataFolder(settings.data)
    if _serves(folder):
        client = Client(httpx.HTTPTransport(uds=str(folder.admin_socket)), live=True)
    else:
        app = import_module("weighbridge.compose.local_book").book_app(settings)
        client = Client(_InProcess(app), live=False)
    try:
        yield client
    finally:
        client.close()


def _serves(folder: DataFolder) -> bool:
    if not folder.admin_socket.exists():
        return False
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(folder.admin_socket))) as probe:
            return probe.get(f"{_BASE}/healthz").is_success
    except httpx.HTTPError:
        return False


class _InProcess(httpx.BaseTransport):
    """Calls an app in this process."""

    def __init__(self, app: Any) -> None:
        self._asgi = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._runner = asyncio.Runner()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._answer(request))

    def close(self) -> None:
        self._runner.close()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._asgi.handle_async_request(request)
        body = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=body)


def _error(response: httpx.Response) -> WeighbridgeError:
    try:
        document = response.json()
        detail = str(document["detail"])
        problems = tuple(Problem(one["where"], one["message"]) for one in document["problems"])
    except (ValueError, KeyError, TypeError):
        return ControlError(f"the running gateway answered with status {response.status_code}")
    kind = {404: NotFoundError, 422: UsageError}.get(response.status_code, ControlError)
    return kind(detail, problems=problems)
