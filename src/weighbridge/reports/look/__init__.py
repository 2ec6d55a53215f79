"""How pages look, whoever makes them: inks, sizes, plain elements, and the mark.

Rules for future edits: nothing of one page's own stands here; inks agree with `palette`, so that
charts and pages do. Counterparts: the dashboard's sheet and that of signing in begin with this.
"""

from functools import cache
from importlib.resources import files


@cache
def sheet() -> bytes:
    """The style sheet that others go on from."""
    return (files(__package__) / "look.css").read_bytes()


@cache
def mark() -> bytes:
    """The mark, as SVG."""
    return (files(__package__) / "mark.svg").read_bytes()
