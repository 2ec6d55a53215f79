"""A Redis of a test's own: a process on a free port, killed and started anew at will."""

import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

import pytest
from processes import STOP_WITHIN_S, wait_until

_NAMES = ("valkey-server", "redis-server")


class RedisServer:
    """Life: a `with` block; skips the test where neither server is installed."""

    def __init__(self, folder: Path, *options: str) -> None:
        binary = next((found for name in _NAMES if (found := shutil.which(name))), None)
        if binary is None:
            pytest.skip("neither valkey-server nor redis-server is installed; see .ci/run")
        self._command = [binary, "--bind", "127.0.0.1", "--dir", str(folder), *options]
        self._log = folder / "redis.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def __repr__(self) -> str:
        return f"<RedisServer {self.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.terminate()
        self._child.wait(STOP_WITHIN_S)

    def start(self) -> None:
        """Start it, empty unless it was told to save."""
        self._spawn()
        wait_until(self._answers, STOP_WITHIN_S, "the store does not answer")

    def _spawn(self) -> None:
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [*self._command, "--port", str(self.port)], stdout=log, stderr=log
            )

    def kill(self) -> None:
        """`kill -9`."""
        self._child.send_signal(signal.SIGKILL)
        self._child.wait(STOP_WITHIN_S)

    def _answers(self) -> bool:
        if self._child.poll() is not None:  # a connection of somebody's had the port just then
            self._spawn()
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as talk:
                talk.sendall(b"PING\r\n")
                return talk.recv(16).startswith(b"+PONG")
        except OSError:
            return False
