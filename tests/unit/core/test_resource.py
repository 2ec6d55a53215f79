"""What a resource came to, given what was asked."""

from decimal import Decimal

import pytest

from weighbridge.core.resource import settled_usage
from weighbridge.core.usage import Usage

ASKED = Usage(video_seconds=Decimal(24), videos=3, video_kind="4k")


@pytest.mark.parametrize(
    ("asked", "videos", "seconds", "kind"),
    [
        (ASKED, 3, Decimal(24), "4k"),
        (ASKED, 2, Decimal(16), "4k"),
        (ASKED, 0, Decimal(0), None),
        (None, 0, Decimal(0), None),
        (None, 2, None, None),
        (Usage(), 2, None, None),
        (Usage(video_seconds=Decimal(8)), 1, None, None),
    ],
)
def test_videos_are_as_long_as_asked(
    asked: Usage | None, videos: int, seconds: Decimal | None, kind: str | None
) -> None:
    """M7: what came counts, for as long as was asked; what is not known stays unknown."""
    settled = settled_usage(asked, Usage(videos=videos))
    assert (settled.video_seconds, settled.video_kind) == (seconds, kind)


def test_what_says_its_own_figures_keeps_them() -> None:
    """Tokens of a batch, or seconds that the operation itself names."""
    tokens = Usage(input_tokens=3)
    assert settled_usage(ASKED, tokens) is tokens
    told = Usage(videos=1, video_seconds=Decimal(5))
    assert settled_usage(ASKED, told) is told
