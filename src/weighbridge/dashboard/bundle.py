"""Makes the script that draws charts: `python -m weighbridge.dashboard.bundle FILE`.

A process of its own, for the engine that bundles takes 90 MB which it never gives back, once in
the life of a data folder. Counterpart: `assets` starts it and keeps the file.
"""

import gzip
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

_VEGA_LITE: Final = "6.4"
_EXPORT: Final = "window.vegaEmbed = vegaEmbed;"


def recipe() -> str:
    """What the script is made of; another recipe makes another script."""
    return f"{_EXPORT} {version('vl-convert-python')} {_VEGA_LITE}"


def make(file: Path) -> None:
    """Write Vega, Vega-Lite and Vega-Embed as one compressed script; all of it or nothing."""
    import vl_convert  # noqa: PLC0415 - whoever only asks for the recipe needs no engine

    script = vl_convert.javascript_bundle(_EXPORT, vl_version=_VEGA_LITE)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part")
    unfinished.write_bytes(gzip.compress(script.encode(), 9, mtime=0))
    unfinished.replace(file)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
