"""Charts as files: the picture of a specification as SVG and PNG.

Hides the drawing library, which runs in this process and fetches nothing.
Counterpart: `charts` makes the specifications; browsers draw the same ones themselves.
"""

import re
from typing import Any, Final

import vl_convert

from weighbridge.reports.result import Row

VEGA_LITE: Final = "6.4"
# The drawing library aborts the whole process on a character that XML cannot hold.
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_svg(spec: Row) -> str:
    """The picture as SVG text."""
    drawn = _drawable(spec)
    return str(vl_convert.vegalite_to_svg(drawn, vl_version=VEGA_LITE, allowed_base_urls=[]))


def to_png(spec: Row, scale: float = 2) -> bytes:
    """The picture as PNG, `scale` pixels to the point."""
    drawn = _drawable(spec)
    return bytes(
        vl_convert.vegalite_to_png(drawn, vl_version=VEGA_LITE, scale=scale, allowed_base_urls=[])
    )


def _drawable(value: Any) -> Any:
    """The same with U+FFFD for what no picture can show."""
    match value:
        case str():
            return _NOT_XML.sub("\ufffd", value)
        case dict():
            return {_drawable(name): _drawable(inner) for name, inner in value.items()}
        case list():
            return [_drawable(inner) for inner in value]
        case _:
            return value
