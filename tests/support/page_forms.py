"""Sends a page's form as a browser without scripts does."""

import re
from typing import Any

import httpx


async def send(client: httpx.AsyncClient, path: str, /, **fields: Any) -> httpx.Response:
    """A form of a page as a browser sends it, with the token that stands in the page."""
    page = await client.get(path)
    found = re.search(r'name="csrf" content="([^"]*)"', page.text)
    token = found[1] if found else ""
    return await client.post(path, data={"csrf_token": token, **fields})
