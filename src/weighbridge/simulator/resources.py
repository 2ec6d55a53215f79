"""Models, the discovery document, and every collection that has no part of its own here."""

from weighbridge.simulator.context import Context
from weighbridge.simulator.messages import Reply
from weighbridge.simulator.models import CATALOGUE, is_served, model_named
from weighbridge.simulator.paging import page
from weighbridge.simulator.problems import model_not_found


def models(context: Context) -> Reply:
    """One model, or a page of them."""
    call = context.call
    if call.model:
        if not is_served(call.model):
            return model_not_found(call).reply(call)
        return context.reply(model_named(call.model).listed(), wait=0.02)
    listed = [model.listed() for model in CATALOGUE.values()]
    return context.reply(page(context, "models", listed), wait=0.02)


def other(context: Context) -> Reply:
    """A collection or method that the simulator does not play.

    It answers all the same, so that a gateway can be seen to forward what it does not know.
    """
    call = context.call
    name = f"{call.rest.partition(':')[0]}/{context.fingerprint[:12]}"
    if context.request.method in {b"GET", b"HEAD"}:
        return context.reply({call.rest.rpartition("/")[2]: []})
    return context.reply({} if context.request.method == b"DELETE" else {"name": name})


def discovery(context: Context) -> Reply:
    """The head of the discovery document."""
    version = context.call.query.get("version", "v1beta")
    return context.reply(
        {
            "kind": "discovery#restDescription",
            "name": "generativelanguage",
            "version": version,
            "id": f"generativelanguage:{version}",
            "rootUrl": "https://generativelanguage.googleapis.com/",
            "servicePath": "",
            "resources": {},
        }
    )
