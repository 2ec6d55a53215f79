"""The documents of gateways that share budgets.

Rules for future edits: as in `documents`. Counterpart: `routes/nodes`.
"""

from typing import Self

from pydantic import BaseModel, Field

from weighbridge.budgets.record import Node, Sharing


class NodeDocument(BaseModel):
    """A gateway that shares budgets."""

    id: str = Field(description="That of its data folder.")
    name: str = Field(description="Its `gateway.node`.")
    own: bool = Field(description="Whether it is the one that answers.")
    reached: bool = Field(description="Whether it was heard of within seconds.")
    gone: bool = Field(
        description="Taken away: nobody waits for its word, and what it took counts until its "
        "windows end."
    )

    @classmethod
    def of(cls, node: Node) -> Self:
        """The document of a gateway."""
        return cls(id=node.id, name=node.name, own=node.own, reached=node.reached, gone=node.gone)


class NodeList(BaseModel):
    """Gateways that share budgets."""

    shared: bool = Field(description="Whether `budgets.shared` is set.")
    problem: str | None = Field(
        description="Why budgets cannot be checked with the others now; null where they can."
    )
    nodes: list[NodeDocument] = Field(description="This gateway first.")
    next_cursor: str | None = Field(description="Always null: the list is whole.")

    @classmethod
    def of(cls, sharing: Sharing) -> Self:
        """The document of all of them."""
        return cls(
            shared=sharing.shared,
            problem=sharing.problem,
            nodes=[NodeDocument.of(node) for node in sharing.nodes],
            next_cursor=None,
        )
