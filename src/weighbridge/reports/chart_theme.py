"""The one theme that all charts have in common."""

from typing import Any, Final

import altair as alt

from weighbridge.reports.palette import Ink

_FONT: Final = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def themed(chart: Any, ink: Ink) -> Any:
    """A chart with the lines and letters that all have in common."""
    return (
        chart.configure(font=_FONT, padding=16, autosize=alt.AutoSizeParams(type="fit-x"))
        .configure_view(stroke=None)
        .configure_axis(
            gridColor=ink.grid,
            domainColor=ink.grid,
            tickColor=ink.grid,
            labelColor=ink.faint_text,
            labelFontSize=11,
            labelPadding=6,
            titleColor=ink.faint_text,
            titleFontSize=11,
            titleFontWeight=400,
        )
        .configure_legend(
            labelColor=ink.text, labelFontSize=12, labelLimit=240, symbolType="circle"
        )
        .configure_title(
            anchor="start",
            color=ink.text,
            fontSize=17,
            fontWeight=600,
            subtitleColor=ink.faint_text,
            subtitleFontSize=12,
            subtitlePadding=6,
            offset=14,
        )
    )
