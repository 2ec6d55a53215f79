"""Lists in pages, as every collection of Google's answers them."""

import base64
import binascii
from typing import Any

from weighbridge.simulator.context import Context
from weighbridge.simulator.messages import Document

_MOST = 1000
_USUAL = 50


def page(context: Context, key: str, items: list[Any]) -> Document:
    """One page of a list, with the token of the next where there is one.

    Gives: an empty object for an empty page.
    """
    asked = context.call.query.get("pageSize", "")
    size = min(int(asked), _MOST) if asked.isdigit() and int(asked) else _USUAL
    start = 0
    if token := context.call.query.get("pageToken"):
        try:
            start = int(base64.urlsafe_b64decode(token))
        except (ValueError, binascii.Error):
            start = len(items)
    found: Document = {key: items[start : start + size]} if items[start:] else {}
    if start + size < len(items):
        found["nextPageToken"] = base64.urlsafe_b64encode(str(start + size).encode()).decode()
    return found
