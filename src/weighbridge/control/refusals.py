"""Accounts of which calls were refused because too little is left, until that is told.

Hides that workers repeat themselves: of an account the least that was refused at its latest limit
is kept, and what was told at a limit is not offered again. An old word does no harm, for whoever
tells compares it with the limit and the spend of now.
Rules for future edits: heard on the event loop, asked from any thread; nothing is kept over a
restart, for workers say it again and an alert is written down once.
Counterparts: `budgets/purse` notes, `lease_hub` hears, `alerting/figures` tells.
"""

from collections.abc import Callable

from weighbridge.budgets.lease import Account, Refused, Report


class Refusals:
    """What workers said. `on_news` is called where there is something new to tell."""

    def __init__(self) -> None:
        self.on_news: Callable[[], object] = int
        self._heard: dict[Account, Refused] = {}
        self._told: dict[Account, int] = {}

    def __repr__(self) -> str:
        return f"<Refusals of {len(self._heard)} accounts, {len(self._told)} told>"

    def heard(self, report: Report) -> None:
        """A worker's word on what it refused."""
        news = False
        for holding in report.holdings:
            refused = holding.refused
            if refused is None:
                continue
            former = self._heard.get(holding.account)
            same = former is not None and former.limit == refused.limit
            if former is None or not same or refused.needed < former.needed:
                self._heard[holding.account] = refused
            news = news or not same
        if news:
            self.on_news()

    def untold(self) -> dict[Account, Refused]:
        """What was not told at its limit."""
        heard = dict(self._heard)
        return {of: one for of, one in heard.items() if self._told.get(of) != one.limit}

    def by_window(self) -> dict[tuple[str, int], dict[Account, Refused]]:
        """The same by budget and window, each of which takes one question."""
        found: dict[tuple[str, int], dict[Account, Refused]] = {}
        for account, refused in self.untold().items():
            found.setdefault((account.budget, account.window_us), {})[account] = refused
        return found

    def settle(self, account: Account, refused: Refused) -> None:
        """It is told, or need not be."""
        self._told[account] = refused.limit

    def tidy(self, is_known: Callable[[Account], bool]) -> None:
        """Forget accounts that no worker has anything of."""
        for account in [each for each in self._heard if not is_known(each)]:
            del self._heard[account]
            self._told.pop(account, None)
