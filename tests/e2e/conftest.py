"""End-to-end fixtures: a simulated upstream and a served gateway, each as its own process."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from browser import chromium
from playwright.sync_api import Browser
from processes import Bridge, Process


@pytest.fixture(scope="session")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a simulated Gemini."""
    folder = tmp_path_factory.mktemp("upstream")
    listen = ("--listen", "127.0.0.1:0", "--pace", "0.02")
    command = [sys.executable, "-m", "weighbridge.simulator", *listen]
    with Process(command, log=folder / "simulator.log", cwd=folder) as simulator:
        yield simulator.fields["http"].rstrip("/")


@pytest.fixture(scope="session")
def bridge(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """A served gateway in front of the simulated upstream; tests tell theirs by token."""
    with Bridge(tmp_path_factory.mktemp("bridge"), upstream) as served:
        yield served


@pytest.fixture
def serve(upstream: str, tmp_path: Path) -> Iterator[Callable[..., Bridge]]:
    """Starts a gateway of the test's own, with more options: `serve("--workers", "2")`."""
    with ExitStack() as served:

        def start(*options: str, upstream_url: str = upstream) -> Bridge:
            return served.enter_context(Bridge(tmp_path, upstream_url, *options))

        yield start


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for a module: while it runs no asynchronous test can in the same thread."""
    with chromium() as opened:
        yield opened
