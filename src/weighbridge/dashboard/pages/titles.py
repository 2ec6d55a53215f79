"""What figures and dimensions are called above columns, and where a value of one leads."""

from typing import Final

TITLES: Final = {
    "cost": "Cost",
    "exchanges": "Calls",
    "errors": "Errors",
    "tokens": "Tokens",
    "cost_per_exchange": "Per call",
    "cost_per_1k_tokens": "Per 1k tokens",
    "error_rate": "Error rate",
    "input_tokens": "Input",
    "output_tokens": "Output",
    "input_tokens_p50": "Median prompt",
    "input_tokens_p95": "p95 prompt",
    "client_closed": "Hung up",
    "blocked": "Blocked",
    "latency_p50": "Median",
    "latency_p95": "p95",
    "ttfb_p50": "First byte",
    "cached_share": "Cached",
    "wasted_cost": "Wasted",
    "unpriced": "Unpriced",
    "unmetered": "Unmetered",
}
NAMES: Final = {
    "department": "Department",
    "project": "Project",
    "agent": "Agent",
    "model": "Model",
    "surface": "Surface",
    "operation": "Operation",
    "provider": "Provider",
    "outcome": "Outcome",
    "location": "Location",
    "error_type": "Error type",
    "token": "Token",
}
# Where a value of a dimension leads: the page that tells most about one value.
PAGES: Final = {
    "agent": "/agents/one",
    "department": "/projects",
    "project": "/agents",
    "model": "/exchanges",
}
