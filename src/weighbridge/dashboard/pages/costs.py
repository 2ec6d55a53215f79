"""Costs on pages: each says so where calls without a price are not in it.

Counterpart: `reports/unpriced` says how that is written.
"""

from dataclasses import replace

from weighbridge.dashboard.content import Cell, Tile, figure
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.result import Row
from weighbridge.reports.unpriced import COSTS, cost_text, left_out


def marked(cell: Cell, row: Row) -> Cell:
    """The cell of a cost of these figures."""
    without = left_out(row)
    if not without:
        return cell
    return replace(cell, text=cost_text(cell.text, cell.value, without), hint=_hint(without))


def marked_tile(tile: Tile, without: int) -> Tile:
    """The tile of a cost that so many calls are not in."""
    if not without:
        return tile
    return replace(tile, text=cost_text(tile.text, tile.value, without), hint=_hint(without))


def metric_cell(metric: str, row: Row) -> Cell:
    """The cell of any metric of these figures, marked where it is a cost."""
    cell = figure(row[metric], METRICS[metric].unit)
    return marked(cell, row) if metric in COSTS else cell


def _hint(without: int) -> str:
    return f"calls without a price for all they used: {without:,}"
