"""The settings: one declared list that the loader, `config show` and the reference read.

Rules for future edits: every field has a description (the reference is made of them, and a
test compares), its unit stands in its name, a default is safe; a secret is a `SecretStr`.
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    field_serializer,
    model_validator,
)

from weighbridge.config.address import Address, AddressField
from weighbridge.config.origins import WebOrigin
from weighbridge.core.credential import Role

Dimension = Literal["department", "project", "agent"]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
MEBIBYTE = 1024 * 1024


def _origin_url(url: str) -> str:
    parts = urlsplit(url)
    bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
    if parts.scheme not in ("http", "https") or not parts.hostname or not bare:
        raise ValueError("expected an origin: http(s)://HOST[:PORT], with no path or credentials")
    _ = parts.port  # raises ValueError where the port is none
    return f"{parts.scheme}://{parts.netloc}"


OriginUrl = Annotated[str, AfterValidator(_origin_url)]


def _store_url(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("redis", "rediss") or not parts.hostname:
        raise ValueError("expected redis://HOST:PORT/DB or rediss://…")
    _ = parts.port  # raises ValueError where the port is none
    return url


SharedStore = Annotated[SecretStr, AfterValidator(_store_url)]


class Section(BaseModel):
    """What all sections share: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GatewaySettings(Section):
    """The data path."""

    listen: AddressField = Field(
        Address("127.0.0.1", 8080), description="Address of the gateway; port 0 picks a free one."
    )
    workers: Annotated[int, Field(ge=1, le=256)] | Literal["auto"] = Field(
        "auto", description="Gateway processes; `auto` is one per core."
    )
    node: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._-]{1,63}$",
        description="Name of this gateway in the ledger; the host's name where not set.",
    )
    upstreams: dict[Literal["gemini", "vertex"], OriginUrl] = Field(
        {}, description="Origin per upstream name, used for all its hosts; Google's where not set."
    )
    public_url: OriginUrl | None = Field(
        None,
        description="Origin at which clients reach the gateway, for upload URLs in answers; what "
        "the client called it where not set.",
    )
    upstream_ca_file: FilePath | None = Field(
        None, description="Certificates to trust for upstreams, PEM; the system's where not set."
    )
    require_token: bool = Field(
        default=True, description="Refuse calls that carry no tracking token."
    )
    on_client_disconnect: Literal["drain", "cancel"] = Field(
        "drain",
        description="A client that leaves: read the answer to its end for its usage, or stop.",
    )
    disconnect_drain_timeout_s: Seconds = Field(
        60, description="How long an answer is read on after its client left."
    )
    disconnect_drain_max_bytes: int = Field(
        64 * MEBIBYTE, ge=0, description="How much of it is read on at most."
    )
    drain_grace_s: Seconds = Field(
        5, description="After SIGTERM, how long calls that still arrive are served."
    )
    drain_timeout_s: Seconds = Field(
        600, description="After SIGTERM, how long exchanges that began may take to finish."
    )
    max_concurrent_exchanges: int = Field(
        10_000, ge=1, description="Exchanges at once per worker; more are refused `OVERLOADED`."
    )
    max_connections: int = Field(20_000, ge=1, description="Client connections at once per worker.")
    max_head_bytes: int = Field(
        64 * 1024, ge=1024, description="Longest request or answer head that is taken."
    )
    max_target_bytes: int = Field(
        16 * 1024, ge=256, description="Longest request target that is taken."
    )
    client_header_timeout_s: Seconds = Field(
        30, description="How long a client may take to send a request's head."
    )
    client_idle_timeout_s: Seconds = Field(
        300, description="How long a client connection may rest between and within requests."
    )
    upstream_connect_timeout_s: Seconds = Field(
        10, description="How long connecting to an upstream may take, TLS included."
    )
    upstream_first_byte_timeout_s: Seconds = Field(
        600, description="How long an upstream may take to begin its answer."
    )
    upstream_idle_timeout_s: Seconds = Field(
        300, description="How long an answer may pause once it began."
    )
    upstream_keepalive_s: Seconds = Field(
        60, description="How long an idle upstream connection is kept for reuse."
    )
    on_journal_failure: Literal["refuse", "forward"] = Field(
        "refuse",
        description="The journal cannot be written and its memory bound is reached: refuse "
        "calls, or go on and forward them without a row.",
    )
    budget_header: bool = Field(
        default=False,
        description="Tell callers what is left of their budget: `X-Weighbridge-Budget-Remaining`.",
    )
    tls_cert: FilePath | None = Field(
        None, description="Certificate chain of the gateway's own TLS, PEM; goes with `tls_key`."
    )
    tls_key: FilePath | None = Field(None, description="Private key of `tls_cert`, PEM.")

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together: set both or neither")
        return self


class CorsSettings(Section):
    """Browsers: pages of which other origins may call the gateway."""

    allowed_origins: list[WebOrigin] = Field(
        [],
        description="Origins whose pages may call the gateway (`https://app.example`), or `*`; "
        "none where not set.",
    )
    max_age_s: int = Field(
        600, ge=0, le=86_400, description="How long a browser may remember the answer to that."
    )


class AdminSettings(Section):
    """The admin API and the dashboard."""

    listen: AddressField = Field(
        Address("127.0.0.1", 8081), description="Address of the admin API; port 0 picks a free one."
    )
    metrics_require_key: bool = Field(
        default=False, description="Ask for an admin key at `/metrics` too."
    )
    public_url: OriginUrl | None = Field(
        None,
        description="Origin at which people reach the dashboard; `https://…` makes its cookies "
        "secure. What the browser asked for where not set.",
    )
    session_idle_h: int = Field(
        12, ge=1, le=720, description="Hours without use after which a session ends."
    )
    session_lifetime_h: int = Field(
        168, ge=1, le=8760, description="Hours after which a session ends in any case."
    )


class OidcSettings(Section):
    """Signing in by an OpenID Connect provider (extra `oidc`)."""

    issuer: str | None = Field(
        None,
        pattern=r"^(https://|http://(localhost|127\.0\.0\.1)([:/]|$))[^\s?#]*$",
        description="The provider's issuer URL; its discovery document lies below. None where not "
        "set.",
    )
    client_id: str | None = Field(None, description="What the provider calls this gateway.")
    client_secret_file: FilePath | None = Field(
        None, description="File that holds the client's secret; none for a public client."
    )
    name: str = Field("single sign-on", description="What the button on the sign-in page says.")
    scopes: list[str] = Field(
        ["openid", "profile", "email"], description="Scopes that are asked for."
    )
    role_claim: str = Field("groups", description="Claim whose values give the role.")
    roles: dict[Literal["admin", "editor", "viewer"], list[str]] = Field(
        {}, description="Values of that claim per role; the highest that fits counts."
    )
    default_role: Role | None = Field(
        None, description="Role of who has no such value; nobody gets in so where not set."
    )
    department_claim: str | None = Field(
        None, description="Claim whose values bind viewers to departments."
    )
    project_claim: str | None = Field(
        None, description="Claim whose values bind viewers to projects."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.issuer is None) != (self.client_id is None):
            raise ValueError("issuer and client_id go together: set both or neither")
        return self


class AllowedSettings(Section):
    """The only values that pass, per dimension; all where a list is not set."""

    department: list[str] | None = Field(None, description="Departments that pass.")
    project: list[str] | None = Field(None, description="Projects that pass.")
    agent: list[str] | None = Field(None, description="Agents that pass.")


class AttributionSettings(Section):
    """What a call must say about whom it is for."""

    required: list[Dimension] = Field(
        [], description="Dimensions that a call, or its token, must carry."
    )
    allowed: AllowedSettings = Field(AllowedSettings(), description="Values that pass.")


class BudgetSettings(Section):
    """Budgets that block."""

    wait_s: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = Field(
        5,
        description="How long a call waits for money that other calls hold, or that is on its way, "
        "before it is refused.",
    )
    shared: SharedStore | None = Field(
        None,
        description="Valkey or Redis through which gateways share budgets, "
        "`redis://[:PASSWORD@]HOST:PORT/DB` or `rediss://…` (extra `redis`); each has its own "
        "budgets where not set.",
    )

    @field_serializer("shared", when_used="json")
    def _whole(self, shared: SecretStr | None) -> str | None:
        """The URL as it is: so settings reach the control process, over a pipe."""
        return None if shared is None else shared.get_secret_value()


class LabelSettings(Section):
    """Google's labels in request bodies."""

    inject: bool = Field(
        default=False,
        description="Fill department, project, agent and labels of header, URL prefix and token "
        "into Vertex bodies, so that Google's bill carries them; the caller's own win.",
    )
    developer_api: Literal["strip", "forward"] = Field(
        "strip",
        description="Labels on Developer API bodies, which that API has no field for: check, "
        "record and take out, or forward as they are, recorded where they are valid.",
    )
    lenient: bool = Field(
        default=False, description="Let vowel signs and modifier letters pass in labels, too."
    )
    cardinality_warn: int = Field(
        1000,
        ge=0,
        description="Warn of a label key with more distinct values in 24 hours; 0 never warns.",
    )
    fold: bool = Field(
        default=False,
        description="Book the values of such a key as `(many)`; what is sent to Google keeps them.",
    )


class LedgerSettings(Section):
    """The embedded store."""

    memory_limit: str = Field(
        "1GB",
        pattern=r"^[1-9][0-9]*(\.[0-9]+)? ?([KMGT]i?B)$",
        description="Memory bound of the store.",
    )
    threads: int | None = Field(
        None, ge=1, le=256, description="Threads of a query; one per core where not set."
    )
    poll_ms: int = Field(
        50, ge=5, le=10_000, description="How often sealed journal segments are looked for."
    )


class JournalSettings(Section):
    """The workers' journals."""

    sync_ms: int = Field(
        40, ge=1, le=10_000, description="Longest time between a row and its `fdatasync`."
    )
    seal_ms: int = Field(
        250, ge=10, le=60_000, description="How often a segment with rows is handed to the ledger."
    )
    max_pending_bytes: int = Field(
        64 * MEBIBYTE, ge=MEBIBYTE, description="Rows held in memory while the disk takes none."
    )


class PricingSettings(Section):
    """The price book."""

    overrides: FilePath | None = Field(
        None, description="Own rates, dated, over the built-in book (TOML)."
    )
    max_age_days: int = Field(
        60, ge=1, description="Age of the price data from which a warning is logged."
    )


class AlertSettings(Section):
    """What is told through channels besides the thresholds of budgets."""

    key_file: FilePath | None = Field(
        None,
        description="Key that the URLs of channels are sealed with, 32 bytes in base64; "
        "`channels.key` in the data folder where not set.",
    )
    journal_lag_s: int = Field(
        60, ge=0, le=86_400, description="Tell of rows that wait longer for the ledger; 0 never."
    )
    unpriced: bool = Field(default=True, description="Tell of models that have no price.")
    error_share_percent: int = Field(
        50, ge=0, le=100, description="Tell of a model whose latest calls fail so often; 0 never."
    )
    error_least: int = Field(20, ge=1, description="Failed calls below which nothing is told.")
    error_minutes: int = Field(5, ge=1, le=60, description="Which calls are the latest.")
    anomaly_dimensions: list[Dimension] = Field(
        ["department", "agent"],
        description="Tell of values whose spend of a day is far off their pattern; none never.",
    )
    anomaly_least_usd: Decimal = Field(
        Decimal(10), ge=0, decimal_places=12, description="Spend of a day that is no matter."
    )


class LogSettings(Section):
    """The log, on stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is written."
    )
    format: Literal["auto", "json", "text"] = Field(
        "auto", description="`auto` is JSON unless stderr is a terminal."
    )


class Settings(Section):
    """All of it; one table of the TOML file per section."""

    data: Path = Field(
        Path("weighbridge-data"),
        description="Data folder: ledger, control database, journal, sockets.",
    )
    gateway: GatewaySettings = GatewaySettings()
    cors: CorsSettings = CorsSettings()
    admin: AdminSettings = AdminSettings()
    oidc: OidcSettings = OidcSettings()
    attribution: AttributionSettings = AttributionSettings()
    labels: LabelSettings = LabelSettings()
    budgets: BudgetSettings = BudgetSettings()
    ledger: LedgerSettings = LedgerSettings()
    journal: JournalSettings = JournalSettings()
    pricing: PricingSettings = PricingSettings()
    alerts: AlertSettings = AlertSettings()
    log: LogSettings = LogSettings()
