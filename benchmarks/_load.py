"""Load by wrk, a C program: what it sent, what came back, and how long it took.

The calls are formatted once and sent in turn; wrk's Lua only picks the next one.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from _process import HOST, fail, need

if TYPE_CHECKING:
    from pathlib import Path

    from _traffic import Call

_SCRIPT = """\
local calls = {@CALLS@}
local formatted, count, i = {}, 0, 0

function init(args)
  for n, call in ipairs(calls) do
    formatted[n] = wrk.format("POST", call.path, call.headers, call.body)
    count = n
  end
end

function request()
  i = i % count + 1
  return formatted[i]
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"duration_us":%d,"bytes":%d,"socket_errors":%d,' ..
    '"status_errors":%d,"p50_us":%d,"p99_us":%d}\\n',
    summary.requests, summary.duration, summary.bytes, e.connect + e.read + e.write + e.timeout,
    e.status, latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk completed; requests in flight when it stopped are not in it."""

    requests: int
    duration_us: int
    bytes: int
    socket_errors: int
    status_errors: int
    p50_us: int
    p99_us: int

    @property
    def per_second(self) -> float:
        return self.requests * 1e6 / self.duration_us

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def write_script(path: Path, calls: list[Call]) -> Path:
    """The Lua script that sends these calls in turn, for ever."""
    entries = ",\n".join(
        f"{{path={_lua(call.path)}, body={_lua(call.body.decode())}, headers={{"
        + ", ".join(f"[{_lua(name)}]={_lua(value)}" for name, value in call.headers.items())
        + "}}"
        for call in calls
    )
    path.write_text(_SCRIPT.replace("@CALLS@", entries))
    return path


def run(script: Path, port: int, *, core: int, connections: int, seconds: float) -> Load:
    """Sends the script's calls over this many connections for this long.

    Errors: ends the benchmark if any answer was not 2xx or any socket failed: figures of a run
    with failures mean nothing.
    """
    command = ["taskset", "-c", str(core), need("wrk", "wrk"), "--threads", "1"]
    command += ["--connections", str(connections), "--duration", f"{seconds:.0f}s"]
    command += ["--timeout", "30s", "--script", str(script), f"http://{HOST}:{port}"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + 60,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        fail(f"wrk gave no result:\n{done.stdout}{done.stderr}")
    load = Load(**json.loads(lines[0].removeprefix("RESULT ")))
    if load.socket_errors or load.status_errors or not load.requests:
        fail(f"the load did not pass cleanly: {load}")
    return load


def _lua(text: str) -> str:
    """A Lua string literal: decimal escapes for all that is not plain ASCII."""
    return (
        '"'
        + "".join(
            char
            if " " <= char <= "~" and char not in '"\\'
            else "".join(f"\\{byte:03d}" for byte in char.encode())
            for char in text
        )
        + '"'
    )
