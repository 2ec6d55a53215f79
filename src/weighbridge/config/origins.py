"""Web origins as a browser writes them, for the setting that lists those that may call.

Hides their serialisation: lower case, no path, no port that the scheme implies.
Source: RFC 6454 section 6.2.
"""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

ANY = "*"
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")
_IMPLIED_PORTS = {"http": ":80", "https": ":443"}


def web_origin(text: str) -> str:
    """An origin in the form in which browsers send it, or `*`.

    Example: `HTTPS://App.Example:443` gives `https://app.example`.
    Errors: `ValueError` where the text is no origin.
    """
    origin = text.strip().lower().removesuffix("/")
    if origin == ANY:
        return ANY
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(
            "expected origins as browsers send them, SCHEME://HOST[:PORT] with no path, or *"
        )
    _ = urlsplit(origin).port  # raises ValueError where the port is none
    return origin.removesuffix(_IMPLIED_PORTS.get(origin.partition(":")[0], "/"))


WebOrigin = Annotated[str, AfterValidator(web_origin)]
