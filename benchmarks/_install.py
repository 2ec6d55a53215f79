"""Environments of their own for peers that come from the package index.

They stand in `.envs/`, apart from the project's environment, and are made once.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from _process import fail

ROOT = Path(__file__).resolve().parents[1]


def environment(name: str, *requirements: str) -> Path:
    """The `bin` folder of `.envs/NAME`, made with these requirements if it is not there."""
    folder = ROOT / ".envs" / name
    stamp = folder / "requirements.txt"
    wanted = "\n".join(requirements) + "\n"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing {', '.join(requirements)} into .envs/{name} …", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True, symlinks=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *requirements]
        done = subprocess.run(
            pip,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            fail(f"cannot install {', '.join(requirements)} into .envs/{name}:\n{done.stdout}")
        stamp.write_text(wanted)
    return folder / "bin"
