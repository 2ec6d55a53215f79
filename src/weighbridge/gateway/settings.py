"""What the byte path can be told: limits, timeouts, upstreams. Values only.

Counterpart: `compose` fills it from the configuration; the names are those of the
configuration's `gateway` section.
"""

import msgspec

from weighbridge.attribution.policy import LabelRules


class Origin(msgspec.Struct, frozen=True):
    """Where an upstream connection goes. `host_header` is what the upstream is told it is."""

    host: str
    port: int
    tls: bool
    host_header: bytes


class CorsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Pages of which origins may call, `*` for all; off where there are none."""

    allowed_origins: tuple[str, ...] = ()
    max_age_s: int = 600


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one worker. Times in seconds, sizes in bytes.

    `upstreams` maps an upstream's name to a URL origin that takes the place of all its hosts;
    a name that is not there goes to the host that the route names, over TLS. `public_url` is
    our own origin as clients see it, None = as each names it in `Host`.
    """

    node: str
    upstreams: dict[str, Origin] = {}
    public_url: str | None = None
    on_client_disconnect: str = "drain"
    disconnect_drain_timeout_s: float = 60.0
    disconnect_drain_max_bytes: int = 64 * 1024 * 1024
    drain_grace_s: float = 5.0
    drain_timeout_s: float = 600.0
    max_concurrent_exchanges: int = 10_000
    max_connections: int = 20_000
    client_header_timeout_s: float = 30.0
    client_idle_timeout_s: float = 300.0
    upstream_connect_timeout_s: float = 10.0
    upstream_first_byte_timeout_s: float = 600.0
    upstream_idle_timeout_s: float = 300.0
    upstream_keepalive_s: float = 60.0
    max_head_bytes: int = 64 * 1024
    max_target_bytes: int = 16 * 1024
    on_journal_failure: str = "refuse"
    budget_header: bool = False
    cors: CorsSettings = CorsSettings()
    labels: LabelRules = LabelRules()
