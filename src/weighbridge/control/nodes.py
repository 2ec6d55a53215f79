"""Gateways that share budgets with this one: who they are, and taking one away for good.

Rules for future edits: a node is taken away by an operator's word alone, which stands in the log
of changes. Counterpart: `pot_desk` knows the nodes and tells the pot.
"""

from typing import Protocol

from weighbridge.budgets.record import Node, Sharing
from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.errors import ConflictError, NotFoundError


class Desk(Protocol):
    """Who speaks with the other nodes."""

    def sharing(self) -> Sharing:
        """Who is there."""
        ...

    async def dismiss(self, node: str) -> None:
        """A node is gone for good."""
        ...


class NodeService:
    """Nodes as the desk knows them; none without a desk."""

    def __init__(self, database: Database, desk: Desk | None = None) -> None:
        self._database = database
        self._desk = desk
        self._auditor = Auditor(Mint())

    def __repr__(self) -> str:
        return f"<NodeService of {self._desk!r}>"

    def all(self) -> Sharing:
        """Every node that is known, this one first."""
        return Sharing() if self._desk is None else self._desk.sharing()

    async def dismiss(self, node_id: str, by: Principal = OPERATOR) -> Node:
        """Wait for a node's word no more; gives what it was.

        Errors: `NotFoundError`; `ConflictError` where it is there; `ControlError` where the store
        cannot be told.
        """
        found = next((each for each in self.all().nodes if each.id == node_id), None)
        if self._desk is None or found is None:
            raise NotFoundError(f"no gateway has the id {node_id[:60]!r}; see `budget nodes`")
        if found.own or found.reached:
            raise ConflictError(f"{found.name} is there; stop it before it is taken away")
        await self._desk.dismiss(node_id)
        with self._database.change(policy=False) as session:
            change = ("node.remove", node_id)
            self._auditor.note(session, by, change, before={"name": found.name})
        return found
