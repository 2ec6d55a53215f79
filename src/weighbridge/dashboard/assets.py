"""Files that pages load: style, module, mark, and the Vega bundle, under names of their content.

Hides where the bundle comes from: `bundle` makes it out of `vl-convert-python` in a second, and
it is kept in the data folder. Rules for future edits: a file's name changes with
its content, so browsers may keep it for ever; nothing is loaded from elsewhere.
"""

import gzip
import hashlib
import subprocess
import sys
import threading
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from weighbridge.dashboard.bundle import recipe
from weighbridge.reports import look

VEGA: Final = "vega.js"
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_LONGEST_S: Final = 120


@dataclass(frozen=True, slots=True)
class Asset:
    """A file's bytes as sent, its media type, and whether the bytes are gzip."""

    body: bytes
    media_type: str
    gzipped: bool


class Assets:
    """Files by their public name; the bundle is made when it is first asked for."""

    def __init__(self, cache: Path) -> None:
        static = resources.files("weighbridge.dashboard") / "static"
        self._cache = cache
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._found: dict[str, Asset] = {}
        own = {
            "weighbridge.css": look.sheet() + static.joinpath("weighbridge.css").read_bytes(),
            "weighbridge.js": static.joinpath("weighbridge.js").read_bytes(),
            "mark.svg": look.mark(),
        }
        for name, body in own.items():
            public = _public(name, hashlib.sha256(body).hexdigest())
            self._names[name] = public
            self._found[public] = _asset(name, body)
        self._names[VEGA] = _public(VEGA, hashlib.sha256(recipe().encode()).hexdigest())

    def __repr__(self) -> str:
        return f"<Assets {sorted(self._names.values())}>"

    def path(self, name: str) -> str:
        """The address of a file."""
        return f"/assets/{self._names[name]}"

    def get(self, public: str) -> Asset | None:
        """The file of a public name."""
        if public == self._names[VEGA]:
            return self.vega()
        return self._found.get(public)

    def vega(self) -> Asset:
        """Vega, Vega-Lite and Vega-Embed as one script; made once, then read."""
        public = self._names[VEGA]
        with self._lock:
            if public not in self._found:
                kept = self._cache / f"{public}.gz"
                if not kept.exists():
                    command = [sys.executable, "-m", "weighbridge.dashboard.bundle", str(kept)]
                    subprocess.run(command, check=True, timeout=_LONGEST_S)  # noqa: S603 - ours
                self._found[public] = Asset(kept.read_bytes(), _TYPES["js"], gzipped=True)
            return self._found[public]


def _asset(name: str, body: bytes) -> Asset:
    return Asset(gzip.compress(body, 9, mtime=0), _TYPES[name.rpartition(".")[2]], gzipped=True)


def _public(name: str, digest: str) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem}-{digest[:16]}.{ending}"
