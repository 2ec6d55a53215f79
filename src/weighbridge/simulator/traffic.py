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

import httpx
import msgspec

from weighbridge.simulator.bodies import request_of
from weighbridge.simulator.company import WORKLOADS, Workload, activity
from weighbridge.simulator.dice import dice
from weighbridge.simulator.draws import Draw, draw

GOOGLE_KEY = "AIzaSyTESTdemoNordhafenFreight0000000000"
_BURST_EVERY_S, _BURST_S, _BURST_SHARE = 420, 40, 0.4
_BATCH_READ_AFTER_S = 20


class Traffic:
    """A stream of calls; `sent` counts them by HTTP status (0 = no answer, 499 = we left)."""

    def __init__(
        self,
        gateway_url: str,
        tokens: Mapping[str, str],
        *,
        rate: float = 1.0,
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
        if drawn.workload.operation == "batchGenerateContent":
            await self._send_batch(path, body, headers)
            return
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

    async def _send_batch(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        """Creates a batch, and comes back for its results after a while."""
        try:
            made = await self._client.post(path, content=body, headers=headers)
            self.sent[made.status_code] += 1
            if made.status_code == httpx.codes.OK:
                await asyncio.sleep(_BATCH_READ_AFTER_S)
                name = msgspec.json.decode(made.content)["name"]
                read = await self._client.get(f"/v1beta/{name}", headers=headers)
                self.sent[read.status_code] += 1
        except httpx.HTTPError:
            self.sent[0] += 1

    def _headers(self, drawn: Draw) -> dict[str, str]:
        """Google's key, the tracking token, the agent and its labels, as a program sends them.

        On Vertex the labels stand in the body, where Google's own bill finds them.
        """
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
        if workload.labels and workload.location is None:
            pairs = (f"{key}={value}" for key, value in workload.labels.items())
            headers["x-weighbridge-labels"] = ",".join(pairs)
        if drawn.fate not in {"ok", "client_closed"}:
            headers["x-simulator-scenario"] = drawn.fate
        return headers


def in_burst(now: datetime) -> bool:
    """Whether the upstream has one of its bad moments: forty seconds every seven minutes."""
    return int(now.timestamp()) % _BURST_EVERY_S < _BURST_S


def _busy_workload(now: datetime, roll: random.Random) -> Workload:
    """One that is likely to be at work now; never quite none of an office at night.

    The runaway calls no more often than others: a second of live traffic is a minute of the
    history, and its bill would leave nothing else to be seen.
    """
    weights = [
        each.calls_per_hour * max(activity(each, now.hour, now.weekday()), 0.25)
        for each in WORKLOADS
    ]
    return roll.choices(WORKLOADS, weights)[0]
