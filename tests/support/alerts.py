"""Occurrences to tell, and a clock that tests set."""

from weighbridge.core.alert import AlertKind, Occurrence, Severity

NOON_US = 1_795_348_800_000_000  # 2026-11-22T12:00:00Z


class Clock:
    """Microseconds since the epoch; moves by hand."""

    def __init__(self) -> None:
        self.now_us = NOON_US

    def __call__(self) -> int:
        return self.now_us


def occurrence(key: str = "k", **changes: object) -> Occurrence:
    """Something that wants telling."""
    fields = {
        "kind": AlertKind.BUDGET_THRESHOLD,
        "severity": Severity.WARNING,
        "subject": "“Care”",
        "title": f"Title of {key}",
        "message": f"Message of {key}",
        "stands_until_us": NOON_US + 3_600_000_000,
    }
    return Occurrence(key=key, **{**fields, **changes})  # type: ignore[arg-type]
