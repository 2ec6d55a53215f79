"""The ledger, the control database and the services over them, opened from a data folder.

Used by the control process and, where nothing serves, by the command line: both get the same
services, so both give the same answers.
"""

import datetime as dt
import functools
import time
from dataclasses import dataclass
from secrets import token_bytes

from weighbridge.admin.ports import Policy, Services, Vitals
from weighbridge.admin.ports_of_people import Oidc
from weighbridge.attribution.policy import LabelRules, PolicySnapshot
from weighbridge.budgets.budget import encode_budgets
from weighbridge.budgets.rate_limit import encode_rate_limits
from weighbridge.compose.alerting import Alerting, open_alerting, open_channels
from weighbridge.compose.node import node_name
from weighbridge.compose.oidc import oidc_provider
from weighbridge.compose.prices import price_book
from weighbridge.config import Settings
from weighbridge.config.model import AdminSettings
from weighbridge.control.alerting.channel_naming import ChannelNaming
from weighbridge.control.alerting.standing import StandingAlerts
from weighbridge.control.audit import AuditLog
from weighbridge.control.budget_audit import BudgetAudit
from weighbridge.control.budget_states import BudgetStates, Leases, NoLeases
from weighbridge.control.budgets import BudgetService
from weighbridge.control.database import Database
from weighbridge.control.folder import DataFolder
from weighbridge.control.imports import ImportRunner
from weighbridge.control.keys import KeyService
from weighbridge.control.label_guard import LabelGuard
from weighbridge.control.ledger_keeper import LedgerKeeper
from weighbridge.control.links import LinkService
from weighbridge.control.nodes import Desk, NodeService
from weighbridge.control.passwords import Passwords
from weighbridge.control.policy_settings import PolicySettings
from weighbridge.control.price_overrides import PriceOverrides
from weighbridge.control.quiet_loading import QuietLoading, may_come_back
from weighbridge.control.rate_limits import RateLimitService
from weighbridge.control.sessions import SessionService
from weighbridge.control.system_health import SystemWatch
from weighbridge.control.tokens import TokenService
from weighbridge.control.under_way import UnderWay
from weighbridge.control.users import UserService
from weighbridge.errors import LedgerError
from weighbridge.ledger.loader import Loader
from weighbridge.ledger.outbox import Outbox
from weighbridge.ledger.recovery import Recovery
from weighbridge.ledger.resources import Resources
from weighbridge.ledger.stores.duckdb import DuckDBStore
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.reports.answers import Answers
from weighbridge.reports.label_keys import noisy_label_keys
from weighbridge.reports.service import ReportService

_STORE_WAIT_S = 30.0
_STORE_RETRY_S = 0.2
_LABELS_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What stands on a data folder, opened; closed in reverse by `close`."""

    store: DuckDBStore
    database: Database
    book: PriceBook
    keeper: LedgerKeeper
    resources: Resources
    tokens: TokenService
    keys: KeyService
    sessions: SessionService
    users: UserService
    links: LinkService
    audit: AuditLog
    oidc: Oidc | None
    imports: ImportRunner
    under_way: UnderWay
    labels: LabelGuard
    policy_settings: PolicySettings
    price_overrides: PriceOverrides
    budgets: BudgetService
    rate_limits: RateLimitService
    alerting: Alerting
    system: SystemWatch

    def services(
        self,
        policy: Policy,
        vitals: Vitals,
        settings: AdminSettings | None = None,
        leases: Leases | None = None,
        nodes: Desk | None = None,
    ) -> Services:
        """Everything that the admin app needs; without `leases`, no worker holds anything.

        `nodes` is who speaks with the gateways that share budgets.
        """
        settings = settings or AdminSettings()
        return Services(
            tokens=self.tokens,
            keys=self.keys,
            sessions=self.sessions,
            users=self.users,
            links=self.links,
            audit=self.audit,
            policy=policy,
            policy_settings=self.policy_settings,
            price_overrides=self.price_overrides,
            system=self.system,
            reports=ReportService(self.store, Answers()),
            exchanges=self.store,
            under_way=self.under_way,
            models=self.book,
            imports=self.imports,
            alerts=StandingAlerts(self.labels, self.alerting.log, self.budgets.policy),
            alert_log=self.alerting.log,
            alert_sender=self.alerting.dispatcher,
            channels=self.alerting.channels,
            budgets=self.budgets,
            budget_states=BudgetStates(leases or NoLeases()),
            budget_audit=BudgetAudit(leases or NoLeases()),
            rate_limits=self.rate_limits,
            permits=leases or NoLeases(),
            nodes=NodeService(self.database, nodes),
            vitals=vitals,
            metrics_require_key=settings.metrics_require_key,
            public_url=settings.public_url,
            session_max_s=settings.session_lifetime_h * 3600,
            oidc=self.oidc,
        )

    def policy(self) -> PolicySnapshot:
        """The policy that database and configuration make."""
        settings = self.policy_settings.in_force()
        labels = settings.labels
        self.labels.watch(threshold=labels.cardinality_warn, fold=labels.fold)
        version, tokens = self.tokens.policy()
        allowed = settings.attribution.allowed.model_dump(exclude_none=True)
        return PolicySnapshot(
            version=version,
            require_token=settings.gateway.require_token,
            tokens=tokens,
            required=list(settings.attribution.required),
            allowed=allowed,
            folded_labels=self.labels.folded_keys(),
            labels=LabelRules(
                inject=labels.inject, developer_api=labels.developer_api, lenient=labels.lenient
            ),
            prices=self.price_overrides.encoded(),
            budgets=encode_budgets(self.budgets.policy()),
            rate_limits=encode_rate_limits(self.rate_limits.policy()),
        )

    def close(self) -> None:
        """Finish imports, load what is sealed, release the files."""
        self.imports.close()
        self.keeper.stop()
        self.store.close()
        self.resources.close()
        self.database.close()


def open_parts(folder: DataFolder, settings: Settings) -> Parts:
    """Open everything that stands on a data folder; the caller holds the folder's lock.

    Errors: `ConfigurationError`, `LedgerError`, `ControlError`.
    """
    book = price_book(settings)
    store = _open_store(folder, settings)
    database = Database.open(folder.root)
    resources = Resources.open(folder.resources)
    passwords = Passwords(token_bytes)
    keeper = LedgerKeeper(
        Loader(folder.journal, store, pace=QuietLoading(allowed=may_come_back())),
        Recovery(folder.journal, folder.run, store.known_exchange_ids),
        settings.ledger.poll_ms / 1000,
        outbox=Outbox(folder.journal, resources, store.known_exchange_ids),
    )
    ways = open_channels(folder, settings, database)
    budgets = BudgetService(database, naming=ChannelNaming(ways[0]))
    audit = AuditLog(database)
    return Parts(
        store=store,
        database=database,
        book=book,
        keeper=keeper,
        resources=resources,
        tokens=TokenService(database),
        keys=KeyService(database),
        sessions=SessionService(
            database,
            idle_h=settings.admin.session_idle_h,
            lifetime_h=settings.admin.session_lifetime_h,
        ),
        users=UserService(database, passwords),
        links=LinkService(database, passwords),
        audit=audit,
        oidc=oidc_provider(settings.oidc, database),
        imports=ImportRunner(store, audit),
        under_way=UnderWay(folder.run),
        labels=_label_guard(store, settings),
        policy_settings=PolicySettings(database, settings),
        price_overrides=PriceOverrides(database, book),
        budgets=budgets,
        rate_limits=RateLimitService(database),
        alerting=open_alerting(
            folder, settings, (database, ReportService(store), keeper, budgets), ways
        ),
        system=SystemWatch(
            folder,
            keeper,
            store,
            book,
            node=node_name(settings),
            price_max_age=dt.timedelta(days=settings.pricing.max_age_days),
        ),
    )


def _label_guard(store: DuckDBStore, settings: Settings) -> LabelGuard:
    return LabelGuard(
        functools.partial(noisy_label_keys, store, timeout_ms=_LABELS_TIMEOUT_MS),
        threshold=settings.labels.cardinality_warn,
        fold=settings.labels.fold,
    )


def _open_store(folder: DataFolder, settings: Settings) -> DuckDBStore:
    """The ledger; waits where a control process that was left behind still holds it."""
    give_up_at = time.monotonic() + _STORE_WAIT_S
    while True:
        try:
            return DuckDBStore.open(
                folder.ledger,
                memory_limit=settings.ledger.memory_limit,
                threads=settings.ledger.threads,
            )
        except LedgerError as error:
            held = "another process" in error.message
            if not held or time.monotonic() > give_up_at:
                raise
            time.sleep(_STORE_RETRY_S)
