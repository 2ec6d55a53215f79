"""Secrets that must turn up nowhere, and the search for them in every disguise.

Hides what a secret may look like once something wrote it down: as it is, in another case, in
Base64 at any alignment, percent-encoded, escaped as JSON, in UTF-16, or as its digest.
"""

import base64
import hashlib
import json
import sqlite3
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import duckdb


def disguises(secret: str) -> dict[str, bytes]:
    """What a secret may look like, by name; digests are apart, since one may be allowed."""
    raw = secret.encode()
    found = {
        "raw": raw,
        "lower": raw.lower(),
        "upper": raw.upper(),
        "reversed": raw[::-1],
        "hex": raw.hex().encode(),
        "utf-16": secret.encode("utf-16-le"),
        "url": urllib.parse.quote(secret, safe="").encode(),
        "url, all": "".join(f"%{byte:02x}" for byte in raw).encode(),
        "url, all, upper": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "json": json.dumps(secret).strip('"').encode(),
    }
    for shift in range(3):
        # The characters that no neighbour can change: whole groups inside the secret.
        whole = raw[shift : shift + (len(raw) - shift) // 3 * 3]
        found[f"base64 at {shift}"] = base64.b64encode(whole)
        found[f"base64url at {shift}"] = base64.urlsafe_b64encode(whole)
    return found


def digests(secret: str) -> dict[str, bytes]:
    """A secret's digests, as bytes and in hexadecimal."""
    found = {}
    for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
        digest = hashlib.new(name, secret.encode())
        found[name] = digest.digest()
        found[f"{name} hex"] = digest.hexdigest().encode()
    return found


class Hunt:
    """Looks for a set of secrets, and for one word that has to be found.

    Takes: secrets by name, those whose SHA-256 may be stored, and the control: where the word
    that may be stored is not found in a place that should hold it, the hunt itself is broken.
    """

    def __init__(self, secrets: Mapping[str, str], *, hashed: Iterable[str] = ()) -> None:
        self._needles: list[tuple[str, bytes]] = []
        allowed = {"sha256", "sha256 hex"}
        for name, secret in secrets.items():
            marks = digests(secret)
            if name in hashed:
                marks = {mark: each for mark, each in marks.items() if mark not in allowed}
            for form, needle in {**disguises(secret), **marks}.items():
                self._needles.append((f"{name} ({form})", needle))
                if "hex" in form:
                    self._needles.append((f"{name} ({form}, upper)", needle.upper()))

    def __repr__(self) -> str:
        return f"<Hunt for {len(self._needles)} forms>"

    def hits(self, places: Iterable[tuple[str, bytes]]) -> list[str]:
        """Where something was found: `name (form) in place`."""
        return [
            f"{name} in {place}"
            for place, data in places
            for name, needle in self._needles
            if needle in data
        ]


def files_of(folder: Path) -> list[tuple[str, bytes]]:
    """Every file below a folder, its name included; sockets hold nothing.

    A gateway that serves renames and removes files: where one went while they were read, all are
    read anew, so that nothing is passed by on its way from one name to another.
    """
    while True:
        with suppress(FileNotFoundError):
            return list(_files_now(folder))


def _files_now(folder: Path) -> Iterator[tuple[str, bytes]]:
    paths = sorted(folder.rglob("*"))
    for path in paths:
        relative = str(path.relative_to(folder))
        yield f"the name {relative}", relative.encode()
        if path.is_file():
            yield relative, path.read_bytes()
    for path in paths:
        path.lstat()


def tables_of(data: Path) -> Iterator[tuple[str, bytes]]:
    """Every value in both databases, as text: their files may be compressed."""
    with duckdb.connect(str(data / "ledger.duckdb"), read_only=True) as ledger:
        names = ledger.execute("SELECT table_name FROM information_schema.tables").fetchall()
        for (name,) in names:
            rows = ledger.execute(f'SELECT * FROM "{name}"').fetchall()
            yield f"table {name}", repr(rows).encode()
    control = sqlite3.connect(data / "control.sqlite3")
    try:
        yield "control database", "\n".join(control.iterdump()).encode()
    finally:
        control.close()
