"""Files of the pages: names of their content, kept for ever, the bundle made once."""

import gzip
import re
from importlib.resources import files
from pathlib import Path

import httpx

from weighbridge.dashboard.assets import VEGA, Assets


async def test_files_are_kept_for_ever_under_their_content(local: httpx.AsyncClient) -> None:
    """What a page names is there, compressed, with its type; anything else is not."""
    text = (await local.get("/")).text
    address = text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = await local.get(address)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert (await local.get(address.replace("-", "-0"))).status_code == 404
    assert (await local.get("/favicon.ico")).headers["content-type"] == "image/svg+xml"


def test_the_bundle_is_made_once(tmp_path: Path) -> None:
    """It is read from the folder the second time, and names nothing that it would load."""
    made = Assets(tmp_path).get(Assets(tmp_path).path(VEGA).removeprefix("/assets/"))
    assert made is not None
    script = gzip.decompress(made.body).decode()
    assert "vegaEmbed" in script
    assert 'from "http' not in script
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(gzip.compress(b"kept"))
    again = Assets(tmp_path)
    read = again.get(again.path(VEGA).removeprefix("/assets/"))
    assert read is not None
    assert gzip.decompress(read.body) == b"kept"


def test_no_two_functions_of_the_script_share_a_name() -> None:
    """A module that declares a name twice does not run at all, and no page would be live."""
    source = (files("weighbridge.dashboard") / "static" / "weighbridge.js").read_text("utf-8")
    names = re.findall(r"^(?:async )?(?:function|const|let) (\w+)", source, re.MULTILINE)
    assert [name for name in set(names) if names.count(name) > 1] == []
