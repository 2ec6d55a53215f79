"""Time series: the table has the groups of its chart, the newest bucket and the largest first."""

from collections.abc import Callable

import httpx
from ledger_rows import line
from page_tables import table_texts

from weighbridge.reports.charts import MAX_SERIES


async def test_a_table_has_the_groups_of_its_chart(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """The costliest, whatever they are called; the rest is one row in each bucket, the last."""
    few = MAX_SERIES + 3
    days = ("2026-01-01", "2026-01-02")
    fill(
        *(
            line(
                100 * n + day,
                agent=f"agent-{n:02}",
                list_cost=f"{n}",
                started_at=f"{days[day]}T12:00:00.000000Z",
            )
            for day in (0, 1)
            for n in range(1, few + 1)
        )
    )
    query = "range=all&by=agent&granularity=day"
    shown = table_texts((await local.get(f"/series?{query}")).text, "series")
    largest = [f"agent-{n:02}" for n in range(few, few - MAX_SERIES, -1)]
    expected = [[day, name] for day in reversed(days) for name in (*largest, "(other)")]
    assert [texts[:2] for texts in shown] == expected
    spec = (await local.get(f"/series/chart/time.json?{query}")).json()
    (points,) = spec["datasets"].values()
    assert {point["series"] for point in points} == {*largest, "(other)"}


async def test_the_hour_that_comes_twice_stands_in_its_order(
    local: httpx.AsyncClient, fill: Callable[..., None]
) -> None:
    """Of two hours of one name, the later one comes first, as everywhere in the table."""
    for number, hour in enumerate(("00", "01")):
        fill(line(number, started_at=f"2026-10-25T{hour}:30:00.000000Z", agent="a"))
    query = "since=2026-10-25&until=2026-10-26&zone=Europe/Berlin&granularity=hour&by=agent"
    rows = (await local.get(f"/series.json?{query}")).json()["tables"]["series"]["rows"]
    assert [row["time"][11:] for row in rows] == ["02:00:00+01:00", "02:00:00+02:00"]
