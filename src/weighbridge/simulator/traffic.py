"""Live calls of the company's agents through a gateway, as their programs would make them.

Hides the client. Calls come at random intervals around `rate` a second, each in a task of its
own, never more than `most_open` at a time: a slow gateway loses calls instead of piling them
up. Stops when told to, without waiting for answers.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from weighbridge.simulator.company import WORKLOADS, Workload, activity
from weighbridge.simulator.dice import dice
from weighbridge.simulator.draws import Draw, draw, rate_factor
from weighbridge.simulator.prose import phrase

GOOGLE_KEY = "AIzaSyTESTdemoNordhafenFreight0000000000"
_CHARACTERS_PER_TOKEN = 4
_MOST_PROMPT_TOKENS = 260_000
_BURST_EVERY_S, _BURST_S, _BURST_SHARE = 420, 40, 0.4
_FILLER = "weigh every lorry that crosses the bridge and never open its cargo; "
_TOOL = {
    "functionDeclarations": [
        {
            "name": "look_up",
            "parameters": {
                "type": "OBJECT",
                "properties": {"query": {"type": "STRING"}, "limit": {"type": "INTEGER"}},
            },
        }
    ]
}
_MIMES = {"IMAGE": "image/jpeg", "AUDIO": "audio/mp3", "DOCUMENT": "application/pdf"}


class Traffic:
    """A stream of calls; `sent` counts them by HTTP status (0 = no answer, 499 = we left)."""

    def __init__(
        self,
        gateway_url: str,
        tokens: Mapping[str, str],
        *,
        rate: float = 8.0,
        seed: int = 0,
        most_open: int = 64,
    ) -> None:
        self._tokens = tokens
        self._rate = rate
        self._roll = dice("traffic", seed)
        self._open: set[asyncio.Task[None]] = set()
        self._most_open = most_open
        self.sent: Counter[int] = Counter()
        self.skipped = 0
        self._client = httpx.AsyncClient(
            base_url=gateway_url,
            timeout=httpx.Timeout(60, connect=5),
            limits=httpx.Limits(max_connections=most_open),
        )

    def __repr__(self) -> str:
        return f"<Traffic {self.sent.total()} sent, {len(self._open)} open, {self.skipped} skipped>"

    async def run(self, stop: asyncio.Event) -> None:
        """Makes calls until `stop` is set."""
        try:
            while not stop.is_set():
                self._start()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self._roll.expovariate(self._rate))
        finally:
            await self.close()

    async def close(self) -> None:
        """Drops what is open."""
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._client.aclose()

    def _start(self) -> None:
        if len(self._open) >= self._most_open:
            self.skipped += 1
            return
        now = datetime.now(UTC)
        workload = _busy_workload(now, self._roll)
        drawn = draw(workload, self._roll, days_ago=0.0, hour=now.hour)
        if in_burst(now) and self._roll.random() < _BURST_SHARE:
            drawn.fate = "unavailable_503"
        task = asyncio.get_running_loop().create_task(self._send(drawn))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _send(self, drawn: Draw) -> None:
        path, body = request_of(drawn, self._roll)
        headers = self._headers(drawn)
        status = 0
        try:
            async with self._client.stream("POST", path, content=body, headers=headers) as answer:
                status = answer.status_code
                async for _ in answer.aiter_raw():
                    if drawn.fate == "client_closed":
                        status = 499
                        break
        except httpx.HTTPError:
            status = 0
        self.sent[status] += 1

    def _headers(self, drawn: Draw) -> dict[str, str]:
        """Google's key, the tracking token, the agent and its labels, as a program sends them."""
        workload = drawn.workload
        headers = {"content-type": "application/json"}
        if workload.location is None:
            headers["x-goog-api-key"] = GOOGLE_KEY
        else:
            headers["authorization"] = "Bearer ya29.TESTnordhafen"
        if token := self._tokens.get(workload.team):
            headers["x-weighbridge-key"] = token
        if workload.agent:
            headers["x-agent"] = workload.agent
        if workload.labels:
            pairs = (f"{key}={value}" for key, value in workload.labels.items())
            headers["x-weighbridge-labels"] = ",".join(pairs)
        if drawn.fate not in {"ok", "client_closed"}:
            headers["x-simulator-scenario"] = drawn.fate
        return headers


def in_burst(now: datetime) -> bool:
    """Whether the upstream has one of its bad moments: forty seconds every seven minutes."""
    return int(now.timestamp()) % _BURST_EVERY_S < _BURST_S


def request_of(drawn: Draw, roll: random.Random) -> tuple[str, bytes]:
    """Path and body of a drawn call."""
    workload = drawn.workload
    operation = "streamGenerateContent" if drawn.streamed else workload.operation
    path = f"models/{drawn.model}:{operation}" + ("?alt=sse" if drawn.streamed else "")
    if workload.location is not None:
        place = f"projects/nordhafen-research/locations/{workload.location}/publishers/google"
        path = f"/v1/{place}/{path}"
    else:
        path = f"/v1beta/{path}"
    question = phrase(roll, 8)
    if operation == "batchEmbedContents":
        parts = [{"text": _text(drawn.text_tokens, question)}]
        request = {"model": f"models/{drawn.model}", "content": {"parts": parts}}
        return path, msgspec.json.encode({"requests": [request | {"outputDimensionality": 256}]})
    body: dict[str, Any] = {"contents": _contents(drawn, question)}
    body["generationConfig"] = {"maxOutputTokens": 8192}
    tools: list[dict[str, Any]] = [_TOOL] if drawn.calls_function else []
    tools += [{"googleSearch": {}}] if drawn.searches else []
    if tools:
        body["tools"] = tools
    if workload.tier != "standard" and workload.location is None:
        body["serviceTier"] = workload.tier
    return path, msgspec.json.encode(body)


def _contents(drawn: Draw, question: str) -> list[dict[str, Any]]:
    """A conversation whose first turn repeats from call to call, where the agent has one."""
    tokens = min(drawn.text_tokens, _MOST_PROMPT_TOKENS)
    turns: list[dict[str, Any]] = []
    if drawn.prefix_tokens:
        prefix = min(drawn.prefix_tokens, tokens)
        standing = _text(prefix, f"You are {drawn.workload.agent}.")
        turns.append({"role": "user", "parts": [{"text": standing}]})
        turns.append({"role": "model", "parts": [{"text": "Understood."}]})
        tokens = max(1, tokens - prefix)
    parts: list[dict[str, Any]] = [{"text": _text(tokens, question)}]
    for modality in drawn.media:
        file = {"mimeType": _MIMES[modality], "fileUri": "https://example.com/files/demo"}
        parts.append({"fileData": file})
    return [*turns, {"role": "user", "parts": parts}]


def _text(tokens: int, start: str) -> str:
    size = max(len(start), tokens * _CHARACTERS_PER_TOKEN)
    return (f"{start} " + _FILLER * (size // len(_FILLER) + 1))[:size]


def _busy_workload(now: datetime, roll: random.Random) -> Workload:
    """One that is likely to be at work now; never quite none of an office at night."""
    weights = [
        each.calls_per_hour
        * rate_factor(each, 0.0)
        * max(activity(each, now.hour, now.weekday()), 0.25)
        for each in WORKLOADS
    ]
    return roll.choices(WORKLOADS, weights)[0]
