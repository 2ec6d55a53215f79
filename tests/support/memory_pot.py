"""The common pot in memory: the same rules as the store's, a table for each account."""

import itertools

from weighbridge.budgets.lease import Account
from weighbridge.budgets.pot import Answer, Ask, Declared, Part, Table, serve


class MemoryPot:
    """Parts and declarations by node; a node's session ends when the pot starts anew."""

    def __init__(self, members: list[str]) -> None:
        self.members = members
        self.parts: dict[Account, dict[str, Part]] = {}
        self.declared: dict[str, dict[str, Declared]] = {}
        self.sessions: dict[str, int] = {}
        self.queue: dict[Account, dict[str, int]] = {}
        self.reached = set(members)
        self.order = itertools.count(1)

    def join(self, node: str) -> int:
        self.sessions[node] = next(self.order)
        for waiting in self.queue.values():
            waiting.pop(node, None)
        return self.sessions[node]

    def is_open(self, node: str, session: int) -> bool:
        return self.sessions.get(node) == session

    def declare(
        self, node: str, budget: str, counts: str, since_us: int, parts: dict[Account, Part]
    ) -> None:
        for account, by_node in self.parts.items():
            if account.budget == budget and account not in parts:
                by_node.pop(node, None)
        for account, part in parts.items():
            self.parts.setdefault(account, {})[node] = part
        by_node = self.declared.setdefault(budget, {})
        former = by_node.get(node)
        if former is not None and former.counts == counts:
            since_us = min(since_us, former.since_us)
        by_node[node] = Declared(counts, since_us)

    def serve(self, node: str, ask: Ask, counts: str) -> Answer:
        parts = self.parts.setdefault(ask.account, {})
        waiting = self.queue.setdefault(ask.account, {})
        table = Table(
            parts,
            self.declared.get(ask.account.budget, {}),
            self.members,
            self.reached,
            ahead=self._is_ahead(node, waiting),
        )
        part, answer = serve(table, node, ask, counts)
        parts[node] = part
        if ask.least > part.taken:
            waiting.setdefault(node, next(self.order))
        else:
            waiting.pop(node, None)
        return answer

    def wanted(self, node: str) -> list[Account]:
        """Accounts that others wait for, and have for longer than this node."""
        return [account for account, waiting in self.queue.items() if self._is_ahead(node, waiting)]

    def _is_ahead(self, node: str, waiting: dict[str, int]) -> bool:
        mine = waiting.get(node)
        others = [at for name, at in waiting.items() if name != node and name in self.reached]
        return any(mine is None or at < mine for at in others)

    def lose_everything(self) -> None:
        """The pot starts anew and empty."""
        self.parts, self.declared, self.sessions, self.queue = {}, {}, {}, {}

    def start_anew(self, parts: dict[Account, dict[str, Part]]) -> None:
        """It starts anew with parts that may be old: nobody's word counts until it is renewed."""
        self.lose_everything()
        self.parts = {account: dict(by_node) for account, by_node in parts.items()}
