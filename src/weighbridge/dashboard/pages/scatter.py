"""Cost per call against median latency, a circle per model, as large as its spend."""

from typing import Any

import altair as alt

from weighbridge.reports.charts import Look
from weighbridge.reports.palette import colours
from weighbridge.reports.result import QueryResult, for_people


def scatter_spec(result: QueryResult, look: Look) -> dict[str, Any]:
    """The Vega-Lite specification; models without cost or latency are left out."""
    points = [
        {
            "model": row["model"],
            "latency": row["latency_p50"] / 1e6,
            "each": float(row["cost_per_exchange"]),
            "cost": float(row["cost"]),
            "latency text": for_people(row["latency_p50"], "µs"),
            "each text": for_people(row["cost_per_exchange"], "USD"),
            "cost text": for_people(row["cost"], "USD"),
        }
        for row in result.rows
        if row["latency_p50"] and row["cost_per_exchange"]
    ]
    names = [point["model"] for point in points]
    by_name = colours(names)
    ink = look.ink
    base = alt.Chart(alt.InlineData(values=points)).encode(
        x=alt.X("latency:Q", title="median latency, seconds").axis(tickCount=6, grid=False),
        y=alt.Y("each:Q", title="cost per call")
        .scale(type="log")
        .axis(format="$~g", tickCount=5, domain=False, ticks=False),
    )
    circles = base.mark_circle(opacity=0.85).encode(
        size=alt.Size("cost:Q", legend=None).scale(range=[60, 1400]),
        color=alt.Color("model:N", legend=None).scale(
            domain=names, range=[by_name[name] for name in names]
        ),
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("each text:N", title="per call"),
            alt.Tooltip("latency text:N", title="median latency"),
            alt.Tooltip("cost text:N", title="spend"),
        ],
    )
    words = base.mark_text(align="left", dx=12, fontSize=11, color=ink.text, limit=180)
    width = "container" if look.fills_container else look.width
    drawn = (
        alt.layer(circles, words.encode(text="model:N"))
        .properties(width=width, height=look.height, background=ink.background, padding=4)
        .configure_view(stroke=None)
        .configure_axis(
            gridColor=ink.grid,
            domainColor=ink.grid,
            tickColor=ink.grid,
            labelColor=ink.faint_text,
            titleColor=ink.faint_text,
            titleFontWeight=400,
        )
    )
    spec: dict[str, Any] = drawn.to_dict()
    return spec
