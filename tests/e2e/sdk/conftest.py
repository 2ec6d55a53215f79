"""A gateway in front of both of Google's surfaces, and an upstream that is met without it."""

import sys
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from processes import Bridge, Process
from sdk_programs import Program
from surface_runs import Run, run


@pytest.fixture(scope="session")
def surfaces(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """A served gateway whose calls to the Developer API and to Vertex go to one upstream."""
    folder = tmp_path_factory.mktemp("surfaces")
    with Bridge(folder, upstream, "--upstream", f"vertex={upstream}") as served:
        yield served


@pytest.fixture(scope="session")
def met_directly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of an upstream of its own, whose upload URLs lead back to whoever asked.

    The real ones name Google's host: whoever follows them without a gateway leaves for Google.
    """
    folder = tmp_path_factory.mktemp("directly")
    options = ("--listen", "127.0.0.1:0", "--pace", "0.02", "--upload-origin", "asked")
    command = [sys.executable, "-m", "weighbridge.simulator", *options]
    with Process(command, log=folder / "simulator.log", cwd=folder) as simulator:
        yield simulator.fields["http"].rstrip("/")


@pytest.fixture(scope="session")
def run_of(met_directly: str, surfaces: Bridge) -> Callable[[Program], Run]:
    """What came of a program that was played without and with the gateway, once for all tests."""

    @cache
    def played(program: Program) -> Run:
        return run(program, upstream=met_directly, bridge=surfaces)

    return played
