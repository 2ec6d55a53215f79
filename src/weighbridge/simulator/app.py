"""From a request to the steps of its answer: access, scenario, operation, wire.

Answers that depend on the request alone are remembered, since they are the same each time;
that is what makes the simulator fast enough for benchmarks.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec

from weighbridge.simulator import (
    batches,
    caches,
    embeddings,
    faults,
    files,
    generate_content,
    interactions,
    openai_paths,
    operations,
    partners,
    predictions,
    resources,
    stores,
    uploads,
    wire,
)
from weighbridge.simulator.access import refusal
from weighbridge.simulator.context import Context, State
from weighbridge.simulator.faults import Options
from weighbridge.simulator.messages import Reply, Request
from weighbridge.simulator.models import is_served
from weighbridge.simulator.plan import End, Plan, at_pace
from weighbridge.simulator.problems import NOT_FOUND, invalid, model_not_found
from weighbridge.simulator.scenarios import HEADER, SCENARIOS, Scenario, named, of_model
from weighbridge.simulator.targets import Call, parse_target

Operation = Callable[[Context], Reply]

_METHODS: dict[str, Operation] = {
    "generateContent": generate_content.generate_content,
    "streamGenerateContent": generate_content.stream_generate_content,
    "countTokens": generate_content.count_tokens,
    "computeTokens": generate_content.compute_tokens,
    "embedContent": embeddings.embed_content,
    "batchEmbedContents": embeddings.batch_embed_contents,
    "batchGenerateContent": batches.batch_generate_content,
    "asyncBatchEmbedContent": batches.async_batch_embed_content,
    "predict": predictions.predict,
    "predictLongRunning": operations.predict_long_running,
    "fetchPredictOperation": operations.fetch_predict_operation,
    "rawPredict": partners.raw_predict,
    "streamRawPredict": partners.raw_predict,
}
_KINDS: dict[str, Operation] = {
    "openai": openai_paths.openai,
    "models": resources.models,
    "caches": caches.caches,
    "batches": batches.batches,
    "upload": uploads.upload,
    "files": files.files,
    "download": files.download,
    "operations": operations.operations,
    "interactions": interactions.interactions,
    "stores": stores.stores,
    "tuned": stores.tuned,
    "tokens": stores.tokens,
    "discovery": resources.discovery,
    "other": resources.other,
}
_PURE = {"model", "openai", "models", "discovery"}
_REMEMBERING = {
    "batchGenerateContent",
    "asyncBatchEmbedContent",
    "predictLongRunning",
    "fetchPredictOperation",
}
_HEADERS_THAT_MATTER = frozenset(
    (
        b"x-goog-api-key",
        b"authorization",
        b"accept-encoding",
        b"x-goog-fieldmask",
        b"x-vertex-ai-llm-request-type",
        b"x-vertex-ai-llm-shared-request-type",
    )
)
# A member of a type that no part here expects: Google's typed messages refuse it.
_WRONG_TYPES = (AttributeError, KeyError, TypeError, ValueError)
_WRONG_TYPE = invalid("Request contains an invalid argument.")
_NOT_HTML = (
    b"<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n"
    b"  <title>Error 404 (Not Found)!!1</title>\n"
    b"  <p><b>404.</b> <ins>That\xe2\x80\x99s an error.</ins>\n"
)


class Memo:
    """The last answers by request, bounded."""

    def __init__(self, entries: int = 512, body_bytes: int = 16_384) -> None:
        self._plans: OrderedDict[tuple[object, ...], Plan] = OrderedDict()
        self._entries = entries
        self._body_bytes = body_bytes

    def __repr__(self) -> str:
        return f"<Memo of {len(self._plans)} answers>"

    def key(self, request: Request) -> tuple[object, ...] | None:
        """What an answer depends on; None where it is not to be remembered."""
        if request.body_bytes > self._body_bytes or b"cachedContent" in request.body:
            return None
        headers = tuple(
            (lower, value)
            for name, value in request.headers
            if (lower := name.lower()) in _HEADERS_THAT_MATTER or lower[:12] == b"x-simulator-"
        )
        return (request.method, request.target, request.http_version, headers, request.body)

    def get(self, key: tuple[object, ...]) -> Plan | None:
        """A remembered answer."""
        return self._plans.get(key)

    def put(self, key: tuple[object, ...], plan: Plan) -> None:
        """Remembers an answer."""
        self._plans[key] = plan
        if len(self._plans) > self._entries:
            self._plans.popitem(last=False)


class App(msgspec.Struct, kw_only=True):
    """The simulator without its sockets."""

    seed: int = 0
    pace: float = 0.0
    scenario: Scenario = SCENARIOS["ok"]
    state: State = msgspec.field(default_factory=State)
    memo: Memo = msgspec.field(default_factory=Memo)

    def answer(self, request: Request) -> Plan:
        """The steps that answer a request."""
        key = self.memo.key(request)
        if key is not None and (known := self.memo.get(key)) is not None:
            return known
        call = parse_target(request.target.decode("latin-1"))
        scenario = self.scenario_of(request, call)
        plan = self._plan(request, call, scenario)
        if key is not None and call.kind in _PURE and call.operation not in _REMEMBERING:
            self.memo.put(key, plan)
        return plan

    def scenario_of(self, request: Request, call: Call) -> Scenario:
        """The scenario of a request: header, then model name, then the simulator's own."""
        header = request.header(HEADER)
        if header and (found := named(header.decode("latin-1"))) is not None:
            return found
        return of_model(call.model) or self.scenario

    def upload_hash(self, target: bytes) -> Any:
        """The hash of what an upload holds so far, to go on with."""
        call = parse_target(target.decode("latin-1"))
        return uploads.hash_so_far(self.state, call.query.get("upload_id"))

    def interrupted(self, request: Request) -> None:
        """Takes in what came of an upload before its connection broke."""
        call = parse_target(request.target.decode("latin-1"))
        if call.kind == "upload":
            scenario = self.scenario_of(request, call)
            context = Context(request=request, call=call, scenario=scenario, state=self.state)
            uploads.interrupted(context)

    def _plan(self, request: Request, call: Call, scenario: Scenario) -> Plan:
        context = Context(
            request=request, call=call, scenario=scenario, state=self.state, seed=self.seed
        )
        try:
            reply = self._reply(context)
        except _WRONG_TYPES:
            reply = _WRONG_TYPE.reply(context.call)
        if reply.reset:
            return (End(reset=True),)
        framed = wire.framed(reply, request)
        if scenario.play is None:
            return at_pace(framed.plan(), self.pace)
        return at_pace(scenario.play(framed, Options.of(request)), self.pace)

    def _reply(self, context: Context) -> Reply:
        call, scenario = context.call, context.scenario
        if scenario.early:
            return faults.too_large()
        if (refused := refusal(context.request, call)) is not None:
            return refused.reply(call)
        if scenario.problem is not None:
            return scenario.problem.reply(call)
        if call.kind == "model":
            operation = _METHODS.get(call.operation)
            if operation is None or not is_served(call.model):
                return model_not_found(call).reply(call)
            if context.request.method != b"POST":
                return NOT_FOUND.reply(call)
            return operation(context)
        known = _KINDS.get(call.kind)
        if known is None:
            return Reply(
                status=404, content_type="text/html; charset=UTF-8", pieces=(_NOT_HTML,), sized=True
            )
        return known(context)
