"""Accounts of which calls were refused because too little is left, until that is told.

Hides that workers repeat themselves: of an account the least that was refused at a limit is kept,
and what was told at a limit is not offered again. Which limit is the newest nobody here knows, for
a worker repeats the last at which it refused something: each is kept. An old word does no harm, for
whoever tells compares it with the limit and the spend of now.
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
        # By account and limit.
        self._heard: dict[tuple[Account, int], Refused] = {}
        self._told: set[tuple[Account, int]] = set()

    def __repr__(self) -> str:
        return f"<Refusals of {len(self._heard)} accounts and limits, {len(self._told)} told>"

    def heard(self, report: Report) -> None:
        """A worker's word on what it refused."""
        news = False
        for holding in report.holdings:
            refused = holding.refused
            if refused is None:
                continue
            key = holding.account, refused.limit
            former = self._heard.get(key)
            if former is None or refused.needed < former.needed:
                self._heard[key] = refused
            news = news or former is None
        if news:
            self.on_news()

    def untold(self) -> list[tuple[Account, Refused]]:
        """What was not told at its limit."""
        heard = dict(self._heard)
        return [(key[0], refused) for key, refused in heard.items() if key not in self._told]

    def by_window(self) -> dict[tuple[str, int], list[tuple[Account, Refused]]]:
        """The same by budget and window, each of which takes one question."""
        found: dict[tuple[str, int], list[tuple[Account, Refused]]] = {}
        for account, refused in self.untold():
            found.setdefault((account.budget, account.window_us), []).append((account, refused))
        return found

    def settle(self, account: Account, refused: Refused) -> None:
        """It is told, or need not be."""
        self._told.add((account, refused.limit))

    def tidy(self, is_known: Callable[[Account], bool]) -> None:
        """Forget accounts that no worker has anything of."""
        for key in [each for each in self._heard if not is_known(each[0])]:
            del self._heard[key]
            self._told.discard(key)
