"""Enums of Google as names and as integers."""

import pytest

from weighbridge.providers.google_enums import (
    BLOCK_REASONS,
    FINISH_REASONS,
    enum_name,
    service_tier,
)


@pytest.mark.parametrize(
    ("value", "surface", "expected"),
    [
        (1, "gemini", "STOP"),
        ("STOP", "gemini", "STOP"),
        (7, "gemini", "BLOCKLIST"),
        (7, "vertex", "PROHIBITED_CONTENT"),
        (0, "gemini", None),
        (None, "gemini", None),
        (99, "gemini", "UNRECOGNISED"),
        (True, "gemini", "UNRECOGNISED"),
        ("a secret prompt", "gemini", "UNRECOGNISED"),
        ("CONTINUATION", "gemini", "CONTINUATION"),
        ([1], "gemini", "UNRECOGNISED"),
    ],
)
def test_finish_reasons_read_the_same_as_numbers(
    value: object, surface: str, expected: str | None
) -> None:
    """M13: integers become names, by the surface's own numbering; unknown ones are no guess."""
    assert enum_name(value, FINISH_REASONS[surface]) == expected


def test_block_reasons_differ_by_surface() -> None:
    """Five is IMAGE_SAFETY on the Developer API and MODEL_ARMOR on Vertex."""
    assert enum_name(5, BLOCK_REASONS["gemini"]) == "IMAGE_SAFETY"
    assert enum_name(5, BLOCK_REASONS["vertex"]) == "MODEL_ARMOR"


@pytest.mark.parametrize(
    ("tier", "traffic", "expected"),
    [
        ("standard", None, "standard"),
        ("FLEX", None, "flex"),
        ("priority", None, "priority"),
        ("unspecified", None, None),
        ("unspecified", "ON_DEMAND_FLEX", "flex"),
        (None, "ON_DEMAND", "standard"),
        (None, "ON_DEMAND_PRIORITY", "priority"),
        (None, "ON_DEMAND_OFFPEAK", "standard"),
        (None, "PROVISIONED_THROUGHPUT", "provisioned"),
        (None, 1, "standard"),
        (None, 2, "provisioned"),
        (None, 3, "priority"),
        (None, 4, "flex"),
        (None, 0, None),
        (None, 77, None),
        (None, True, None),
        (2, None, None),
        (None, None, None),
    ],
)
def test_the_tier_is_told_as_served(tier: object, traffic: object, expected: str | None) -> None:
    """M8: `serviceTier` and `trafficType` both say it, as names or numbers."""
    assert service_tier(tier, traffic) == expected
