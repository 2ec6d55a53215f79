"""What the desk for leased money and that for the common pot need of each other.

Where no budgets are shared there is no `Pot`, and nothing of it is loaded.
Counterparts: `lease_hub` is the `Hub`, `pot_desk` the `Pot`.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.lease import Account
from weighbridge.budgets.lender import Lender
from weighbridge.budgets.shares import Shares
from weighbridge.control.budget_states import Elsewhere


class Hub(Protocol):
    """What is needed of the desk for leased money."""

    @property
    def lender(self) -> Lender:
        """Who lends."""
        ...

    def budgets(self) -> Mapping[str, Budget]:
        """The budgets in force, by id."""
        ...

    def decide_soon(self) -> None:
        """Shares have changed."""
        ...


class Pot(Protocol):
    """The desk for what other nodes spend of the same budgets."""

    @property
    def shares(self) -> Shares:
        """What this node may lend."""
        ...

    def attach(self, hub: "Hub") -> None:
        """Whose lender it is."""
        ...

    def start(self) -> None:
        """Begin; on the event loop."""
        ...

    def changed(self) -> None:
        """Budgets have changed."""
        ...

    def note(self, accounts: Iterable[Account]) -> None:
        """The lender has looked at these."""
        ...

    def elsewhere(self, budget: str) -> Elsewhere:
        """What other nodes have spent, and hold."""
        ...

    async def close(self) -> None:
        """Stop."""
        ...
