"""Runs the SDK programs of `tests/e2e/sdk/programs`, each in the environment it needs.

Hides where the environments lie and how they are made: `make test` makes them beforehand, a
bare `pytest` has make build the one that is missing.
"""

import base64
import json
import os
import shutil
import struct
import subprocess
import zlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "tests" / "e2e" / "sdk" / "programs"
GOOGLE_KEY = "AIzaSyTEST0000000000000000000000000000000"
_MAKE_WITHIN_S = 600
_RUN_WITHIN_S = 120


@dataclass(frozen=True)
class Program:
    """One program: the file, and the environment under `.envs` that has its SDK."""

    file: str
    environment: str


LEGACY = Program("legacy.py", "legacy")
GOOGLE_GENAI = Program("google_genai.py", "genai")
LANGCHAIN = Program("langchain_sdk.py", "langchain")
OPENAI = Program("openai_sdk.py", "openai")
JS_GOOGLE_GENAI = Program("google-genai.mjs", "node")
GENAI_VERTEX = Program("google_genai_vertex.py", "genai")
GENAI_JOBS = Program("google_genai_jobs.py", "genai")
ANTHROPIC_VERTEX = Program("anthropic_vertex.py", "anthropic")
GENAI_LIVE = Program("google_genai_live.py", "genai")
JS_GENAI_LIVE = Program("google-genai-live.mjs", "node")
JS_GENAI_VERTEX = Program("google-genai-vertex.mjs", "node")
JS_GENAI_JOBS = Program("google-genai-jobs.mjs", "node")
JS_GENERATIVE_AI = Program("generative-ai.mjs", "node")
JS_OPENAI = Program("openai.mjs", "node")


@dataclass(frozen=True)
class Job:
    """What a program is told to do."""

    base_url: str
    steps: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict)
    google_key: str = GOOGLE_KEY
    environment: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The job as the program's one argument."""
        job = {name: getattr(self, name) for name in ("base_url", "steps", "headers", "google_key")}
        return json.dumps(job | {"png": base64.b64encode(png_of_one_colour()).decode()})


def play(program: Program, job: Job) -> dict[str, dict[str, Any]]:
    """The program's transcript: for each step what it got, or the error that was raised."""
    done = subprocess.run(
        [*_command(program), job.text()],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_RUN_WITHIN_S,
        env=os.environ | {"PYTHONWARNINGS": "ignore"} | job.environment,
        check=False,
    )
    assert done.returncode == 0, f"{program.file}: {done.stderr[-4000:]}"
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [line["step"] for line in lines] == list(job.steps), done.stdout[-4000:]
    return {line["step"]: line for line in lines}


def png_of_one_colour() -> bytes:
    """A picture of eight by eight blue pixels."""
    rows = (b"\x00" + b"\x20\x60\xc0" * 8) * 8
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _command(program: Program) -> list[str]:
    folder = _environment(program.environment)
    if program.environment != "node":
        return [str(folder / "bin" / "python"), str(PROGRAMS / program.file)]
    own = folder / "python" / "bin" / "node"
    return [str(own) if own.exists() else "node", str(_beside_modules(folder) / program.file)]


@cache
def _environment(name: str) -> Path:
    folder = ROOT / ".envs" / name
    if not (folder / ".ready").exists():
        target = f".envs/{name}/.ready"
        subprocess.run(["make", "-s", target], cwd=ROOT, timeout=_MAKE_WITHIN_S, check=True)
    return folder


@cache
def _beside_modules(folder: Path) -> Path:
    """JavaScript programs are looked up from where they lie, so they run from a copy."""
    copies = folder / "programs"
    copies.mkdir(exist_ok=True)
    for source in PROGRAMS.glob("*.mjs"):
        shutil.copy(source, copies / source.name)
    return copies
