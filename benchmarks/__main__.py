"""Runs the benchmarks, each script a process of its own: `python -m benchmarks [NAME [OPTION…]]`.

Without a name all of them, one after the other.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = (
    "peers",
    "streams",
    "bodies",
    "ledger",
    "dashboard",
    "readers",
    "budgets",
    "nodes",
    "visible",
)


def main() -> int:
    folder = Path(__file__).parent
    names = sys.argv[1:2] or NAMES
    for name in names:
        if not (folder / f"{name}.py").exists():
            print(f"error: no benchmark `{name}`; there are {', '.join(NAMES)}", file=sys.stderr)
            return 2
    for name in names:
        print(f"\n## {name}", flush=True)
        command = [sys.executable, str(folder / f"{name}.py"), *sys.argv[2:]]
        done = subprocess.run(command, check=False)
        if done.returncode != 0:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
