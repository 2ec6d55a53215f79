"""Encrypts the URLs of channels: a copy of the control database alone opens none of them.

AES-256-GCM with a key from a file: `alerts.key_file`, or one in the data folder that is made
when the first channel is. Why so: docs/decisions/0016-alert-channels.md.
Rules for future edits: what is sealed is bound to its channel's id, so that one row's text opens
in no other; an error never quotes what was sealed, or the key.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from weighbridge.errors import ControlError

KEY_NAME: Final = "channels.key"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class Seal:
    """Seals and opens with the key of one file; the file is read when it is needed."""

    def __init__(self, file: Path, *, may_make: bool) -> None:
        self._file = file
        self._may_make = may_make

    def __repr__(self) -> str:
        return f"<Seal {self._file}>"

    def seal(self, text: str, owner: str) -> str:
        """Text as it may be stored, for its owner's id.

        Errors: `ControlError` where there is no usable key.
        """
        if self._may_make and not self._file.exists():
            self._make()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._key()).encrypt(nonce, text.encode(), owner.encode())
        return urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, owner: str) -> str:
        """What was sealed for this owner.

        Errors: `ControlError` where the key is not the one that sealed it, or is gone.
        """
        try:
            raw = urlsafe_b64decode(sealed)
            return AESGCM(self._key()).decrypt(
                raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], owner.encode()
            ).decode()  # fmt: skip
        except (InvalidTag, ValueError):
            raise ControlError(
                f"the URL of channel {owner} does not open with the key in {self._file}; restore "
                "that file, or set the URL again with `weighbridge channel set`"
            ) from None

    def _key(self) -> bytes:
        try:
            key = urlsafe_b64decode(self._file.read_text("ascii").strip())
        except (OSError, ValueError):
            key = b""
        if len(key) != _KEY_BYTES:
            raise ControlError(
                f"{self._file} holds no key for channels, expected {_KEY_BYTES} bytes in base64; "
                "restore it, or write one of your own with "
                "`head -c32 /dev/urandom | base64 | tr +/ -_`"
            )
        return key

    def _make(self) -> None:
        """A key of our own, for this user alone; whoever comes second takes the first's."""
        part = self._file.with_suffix(".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, urlsafe_b64encode(os.urandom(_KEY_BYTES)) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(part, self._file)  # fails where there is one already
        except FileExistsError:
            pass
        finally:
            part.unlink(missing_ok=True)
