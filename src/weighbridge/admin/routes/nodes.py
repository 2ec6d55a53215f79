"""`/api/v1/nodes`: gateways that share budgets."""

from fastapi import APIRouter

from weighbridge.admin.auth import Administrator, ServicesOf, Viewer
from weighbridge.admin.documents_of_nodes import NodeDocument, NodeList
from weighbridge.admin.problems import RESPONSES

router = APIRouter(prefix="/api/v1", tags=["budgets"], responses=RESPONSES)


@router.get("/nodes", summary="List gateways that share budgets")
def list_nodes(_caller: Viewer, services: ServicesOf) -> NodeList:
    """This one first; none where budgets are this gateway's own."""
    return NodeList.of(services.nodes.all())


@router.delete("/nodes/{node_id}", summary="Take a gateway away that is gone for good")
async def remove_node(caller: Administrator, services: ServicesOf, node_id: str) -> NodeDocument:
    """Nobody waits for its word any more; what it took counts until its windows end."""
    return NodeDocument.of(await services.nodes.dismiss(node_id, caller))
