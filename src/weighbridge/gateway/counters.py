"""Counters of one worker: what `/metrics` shows of it. Plain integers that only grow."""


class Counters:
    """All counters; names are those of the metrics without their prefix."""

    __slots__ = (
        "bad_requests",
        "connections",
        "exchanges",
        "internal_errors",
        "refused",
        "request_bytes",
        "response_bytes",
        "rows_failed",
        "slow_heads",
        "turned_away",
    )

    def __init__(self) -> None:
        self.bad_requests = 0
        self.connections = 0
        self.exchanges = 0
        self.internal_errors = 0
        self.refused = 0
        self.request_bytes = 0
        self.response_bytes = 0
        self.rows_failed = 0
        self.slow_heads = 0
        self.turned_away = 0

    def __repr__(self) -> str:
        return f"<Counters {self.as_dict()}>"

    def as_dict(self) -> dict[str, int]:
        """All counters by name."""
        return {name: getattr(self, name) for name in self.__slots__}
