"""`weighbridge import`: rows of NDJSON or Parquet files into the ledger."""

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from weighbridge.cli.client import Client, connect
from weighbridge.cli.options import AsJson, Config, Data, command_app, configuration
from weighbridge.cli.output import print_json
from weighbridge.errors import LedgerError, UsageError

app = command_app()
_POLL_S = 0.1


@app.command()
def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="NDJSON or Parquet files.")],
    as_json: AsJson = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Add rows in the ledger's columns; those that are there already are skipped."""
    for file in files:
        if not file.is_file():
            raise UsageError(f"no such file, got {str(file)!r}; name an NDJSON or Parquet file")
    settings = configuration(data, config).settings
    with connect(settings, makes=True) as client, _progress() as progress:
        done = [_import(client, file.absolute(), progress) for file in files]
    total = {name: sum(job[name] for job in done) for name in ("imported", "skipped")}
    if as_json:
        print_json({**total, "files": done})
    else:
        sys.stdout.write(
            f"imported {total['imported']:,} rows, skipped {total['skipped']:,} that were there\n"
        )


def _import(client: Client, file: Path, progress: Progress) -> dict[str, Any]:
    bar = progress.add_task(file.name, total=None)
    job = client.post("/api/v1/imports", {"file": str(file)})
    while job["state"] == "running":
        time.sleep(_POLL_S)
        job = client.get(f"/api/v1/imports/{job['id']}")
        progress.update(bar, total=job["total_bytes"] or None, completed=job["done_bytes"])
    if job["state"] == "failed":
        said = str(job["error"])
        raise LedgerError(said if said.startswith(str(file)) else f"{file}: {said}")
    progress.update(bar, total=1, completed=1)
    result: dict[str, Any] = job
    return result


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
