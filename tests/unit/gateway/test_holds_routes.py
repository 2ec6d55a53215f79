"""Every route that reaches the upstream passes admission (B11)."""

import pytest
from google_routes import DEVELOPER, VERTEX, route_rows
from memory_bank import MemoryBank, budget
from memory_wire import MemoryWire
from messages import KEY

from weighbridge.core.money import PICO_USD_PER_USD
from weighbridge.providers.base import Route
from weighbridge.providers.registry import Registry

PROJECT = "/v1/projects/p/locations/us-central1"
ROUTES = [(row[0], row[1], row[4]) for row in route_rows(DEVELOPER)] + [
    (row[0], PROJECT + row[1], row[4]) for row in route_rows(VERTEX)
]


@pytest.mark.parametrize(("method", "target", "weighed"), ROUTES)
def test_an_exhausted_budget_blocks_every_route_but_the_free_ones(
    method: str, target: str, weighed: str
) -> None:
    """Whatever its method and body, and whether its answer would say what it cost."""
    route = Registry().route(method.encode(), target.encode())
    assert isinstance(route, Route)
    with MemoryWire(bank=MemoryBank(budget("0.01"), spent=PICO_USD_PER_USD)) as wire:
        for body in (b"", b"{}", b"no json"):
            me = wire.client()
            me.deliver(
                b"%b %b HTTP/1.1\r\nHost: gw\r\n%bContent-Length: %d\r\n\r\n%b"
                % (method.encode(), target.encode(), KEY, len(body), body)
            )
            for _ in range(4):
                wire.settle()
        assert bool(wire.upstreams) == (weighed in {"free", "told"})
        assert route.free == (weighed in {"free", "told"})
