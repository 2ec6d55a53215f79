"""A child process's side of its supervisor: settings in, readiness out, the end by EOF.

Standard input is a pipe from the supervisor. Its first line is the child's settings as JSON; a
line after that says that the service is stopping, though not yet this child; its end means
"stop", whether the supervisor closed it on purpose or died by `kill -9`, so no child outlives
its supervisor for long. Standard output carries one line, `ready`.
Counterpart: `supervisor`.
"""

import asyncio
import atexit
import gc
import os
import signal
import sys
from contextlib import suppress

READY = b"ready\n"
STOPPING = b"stopping\n"
_LONGEST_SETTINGS = 1024 * 1024


class Leash:
    """This process's tie to its supervisor.

    `stop` is set when the process shall end: by EOF on standard input, or by SIGTERM.
    `service_stopping` comes earlier: the supervisor has begun to stop what goes before.
    SIGINT is ignored: a terminal sends it to the whole group, and the supervisor decides.
    """

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.orphaned = False
        self.service_stopping = False

    def __repr__(self) -> str:
        return f"<Leash {'stopping' if self.stop.is_set() else 'running'}>"

    @classmethod
    def attach(cls) -> "Leash":
        """Watch standard input and signals on the running loop."""
        leash = cls()
        loop = asyncio.get_running_loop()
        os.set_blocking(0, False)
        loop.add_reader(0, leash._readable)
        loop.add_signal_handler(signal.SIGTERM, leash.stop.set)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return leash

    def ready(self) -> None:
        """Tell the supervisor that this process serves.

        What was built until now, modules and price book above all, stays for good: the garbage
        collector never looks at it again. Looking took the control process 110 to 150 ms, in which
        no page and no report went on; now it takes under 20.
        """
        gc.collect()
        gc.freeze()
        atexit.register(gc.unfreeze)  # whose end extension modules wait for, and complain without
        with suppress(BrokenPipeError):  # it was killed; the end of our input says what to do
            os.write(1, READY)

    def _readable(self) -> None:
        try:
            data = os.read(0, 4096)
        except BlockingIOError:
            return
        self.service_stopping = True
        if not data:
            asyncio.get_running_loop().remove_reader(0)
            self.orphaned = True
            self.stop.set()


def read_settings() -> bytes:
    """The settings that the supervisor sent: the first line of standard input.

    Takes the descriptor unbuffered, so that no byte after the line is lost to a buffer.
    """
    line = bytearray()
    while not line.endswith(b"\n") and len(line) < _LONGEST_SETTINGS:
        byte = os.read(0, 1)
        if not byte:
            sys.exit(0)  # the supervisor died before it said anything
        line += byte
    return bytes(line)
