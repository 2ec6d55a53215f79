"""`python -m weighbridge.simulator`: the simulator as a process.

Prints one line when it listens: `ready http=http://H:P https=https://H:P ca=FILE`.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from pathlib import Path

import uvloop

from weighbridge.simulator import moments
from weighbridge.simulator.context import GOOGLE
from weighbridge.simulator.scenarios import SCENARIOS
from weighbridge.simulator.server import Simulator
from weighbridge.simulator.tls import make_certificates


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    made = argparse.ArgumentParser(
        prog="python -m weighbridge.simulator",
        description="A look-alike of the Gemini API, with faults by name.",
        epilog="scenarios: " + ", ".join(f"{each.name} ({each.summary})" for each in
                                         SCENARIOS.values()),
    )  # fmt: skip
    made.add_argument("--listen", default="127.0.0.1:0", metavar="H:P")
    made.add_argument("--tls-listen", metavar="H:P", help="also with TLS, by a CA made now")
    made.add_argument("--tls-folder", type=Path, metavar="DIR", help="where to put the CA")
    made.add_argument("--scenario", default="ok", choices=sorted(SCENARIOS), metavar="NAME")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--pace", type=float, default=1.0, help="scales latencies; 0 for none")
    made.add_argument("--record", action="store_true", help="keep requests for /-/simulator/")
    made.add_argument("--clock", choices=("fixed", "real"), default="fixed",
                      help="times in answers: one moment, or the machine's")  # fmt: skip
    made.add_argument("--upload-origin", default=GOOGLE, metavar="URL",
                      help="begins upload URLs; `asked`: the request's host")  # fmt: skip
    return made


async def serve(options: argparse.Namespace) -> None:
    """Runs until SIGTERM or SIGINT."""
    simulator = Simulator(
        scenario=options.scenario,
        seed=options.seed,
        pace=options.pace,
        record=options.record,
        clock=moments.real if options.clock == "real" else moments.fixed,
        upload_origin=options.upload_origin,
    )
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    with contextlib.ExitStack() as stack:
        await simulator.start(*_address(options.listen))
        ready = f"ready http={simulator.url}"
        if options.tls_listen:
            folder = options.tls_folder or Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="weighbridge-simulator-"))
            )
            made = await asyncio.to_thread(make_certificates, folder)
            await simulator.start(*_address(options.tls_listen), tls=made.server_context())
            ready += f" https={simulator.tls_url} ca={made.ca_file}"
        sys.stdout.write(f"{ready}\n")
        sys.stdout.flush()
        await stopped.wait()
        await simulator.close()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


def main() -> None:
    """Entry point."""
    uvloop.run(serve(parser().parse_args()))


if __name__ == "__main__":
    main()
