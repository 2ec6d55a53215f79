"""Every route alike: attribution, untouched bytes, and an upstream that no client can choose."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from ledger_pages import rows_by_id
from processes import Bridge
from raw_exchange import RawAnswer, exchange
from scripted_upstream import ScriptedUpstream, Seen, Step, json_answer

_MODEL = "gemini-2.5-flash"
_VERTEX = f"/v1/projects/p/locations/us-central1/publishers/google/models/{_MODEL}"
_EXPRESS = f"/v1beta1/publishers/google/models/{_MODEL}"
_ANSWER = json.dumps(
    {
        "candidates": [{"finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
    }
).encode()
# Target, method: metered and unmetered, known and unknown, on both upstreams.
ROUTES = {
    "unary": (f"/v1beta/models/{_MODEL}:generateContent", "POST"),
    "stream": (f"/v1/models/{_MODEL}:streamGenerateContent?alt=sse", "POST"),
    "count": (f"/v1beta/models/{_MODEL}:countTokens", "POST"),
    "embeddings": ("/v1beta/models/gemini-embedding-001:batchEmbedContents", "POST"),
    "models": ("/v1beta/models?pageSize=3", "GET"),
    "file": ("/v1beta/files/abc", "DELETE"),
    "caches": ("/v1beta/cachedContents/abc?updateMask=ttl", "PATCH"),
    "upload": ("/upload/v1beta/files?uploadType=media", "POST"),
    "openai": ("/v1beta/openai/chat/completions", "POST"),
    "unknown method": (f"/v1alpha/models/{_MODEL}:dreamContent", "POST"),
    "unknown resource": ("/v9/dreams/1/scenes:paint?x=%2F&y=a+b", "PUT"),
    "vertex": (f"{_VERTEX}:generateContent", "POST"),
    "vertex stream": (f"{_VERTEX}:streamGenerateContent", "POST"),
    "vertex express": (f"{_EXPRESS}:generateContent", "POST"),
    "vertex unknown": (f"{_VERTEX}:dreamContent", "POST"),
}
# Odd bytes on purpose: nothing may parse and print them again.
_BODY = b'{ "contents" : [{"parts":[{"text":"\\u00e4 \xc3\xa4"}]}],\r\n  "x":1e2 }'
_WHO = {"department": "sales", "project": "apollo", "agent": "billy"}


@dataclass(frozen=True)
class Served:
    """A gateway, its two upstreams and a bare token."""

    bridge: Bridge
    gemini: ScriptedUpstream
    vertex: ScriptedUpstream
    bare: str
    full: str

    def call(self, route: str, *lines: str, prefix: str = "", target: str = "") -> RawAnswer:
        """One call over a connection of its own."""
        path, method = ROUTES[route]
        body = b"" if method in {"GET", "DELETE"} else _BODY
        head = [
            f"{method} {prefix}{target or path} HTTP/1.1",
            "Content-Type: application/json",
            "x-goog-api-key: AIzaSyTESTroutes",
            *lines,
        ]
        head += [] if any(line.lower().startswith("host:") for line in lines) else ["Host: gw"]
        head += [f"Content-Length: {len(body)}"] if body else []
        sent = "\r\n".join([*head, "", ""]).encode("latin-1") + body
        return asyncio.run(exchange(urlsplit(self.bridge.url).port or 0, sent))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two upstreams that answer everything alike."""

    def script(_: Seen) -> Iterable[Step]:
        return [json_answer(_ANSWER)]

    folder = tmp_path_factory.mktemp("routes")
    with ExitStack() as stack:
        gemini = stack.enter_context(ScriptedUpstream(script))
        vertex = stack.enter_context(ScriptedUpstream(script))
        bridge = stack.enter_context(
            Bridge(folder, gemini.url, "--upstream", f"vertex={vertex.url}")
        )
        bare = bridge.command("token", "create", "--name", "bare")["token"]
        given = [part for name, value in _WHO.items() for part in (f"--{name}", value)]
        given += ["--label", "env=prod"]
        full = bridge.command("token", "create", "--name", "full", *given)["token"]
        yield Served(bridge, gemini, vertex, bare, full)


@pytest.mark.parametrize("route", ROUTES)
def test_attribution_is_the_same_on_every_route_and_changes_no_byte(
    served: Served, route: str
) -> None:
    """S8, S10: by header, URL prefix and token; target and body reach the upstream as sent."""
    path, method = ROUTES[route]
    headers = [f"X-{name.title()}: {value}" for name, value in _WHO.items()]
    in_url = ";".join([f"{name}={value}" for name, value in _WHO.items()] + ["label.env=prod"])
    ways = (
        ([f"X-Weighbridge-Key: {served.bare}", *headers, "X-Weighbridge-Labels: env=prod"], ""),
        ([f"X-Cloudidr-Key: {served.full}"], ""),
        ([], f"/-/{served.bare};{in_url}"),
    )
    expected = served.vertex if route.startswith("vertex") else served.gemini
    answers = []
    for lines, prefix in ways:
        asked = len(expected.seen)
        answer = served.call(route, *lines, prefix=prefix)
        assert (answer.status, answer.body) == (200, _ANSWER)
        (seen,) = expected.seen[asked:]
        assert (seen.method.decode(), seen.target.decode()) == (method, path)
        assert seen.body == (b"" if method in {"GET", "DELETE"} else _BODY)
        ours = {b"x-weighbridge-key", b"x-cloudidr-key", b"x-weighbridge-labels"}
        ours |= {f"x-{name}".encode() for name in _WHO}
        assert not ours & {name.lower() for name, _ in seen.headers}
        answers.append((answer.header(b"x-weighbridge-id") or b"").decode())
    rows = rows_by_id(served.bridge, answers)
    for row in (rows[each] for each in answers):
        assert {name: row[name] for name in _WHO} == _WHO
        assert row["labels"] == {"env": "prod"}
        assert row["outcome"] == "ok"
        if "unknown" in route:
            assert (row["usage_source"], row["pricing_status"]) == ("none", "unmetered")
            assert (row["list_cost"], row["total_tokens"]) == (None, None)


_TRICKS = {
    "host": ("Host: evil.test",),
    "forwarded host": ("X-Forwarded-Host: evil.test", "Forwarded: host=evil.test"),
    "upstream headers": ("X-Upstream: http://evil.test", "X-Weighbridge-Upstream: evil.test"),
    "original url": ("X-Original-URL: http://evil.test/", "X-Rewrite-URL: /v1beta/models"),
}


@pytest.mark.parametrize("trick", _TRICKS)
def test_no_header_chooses_the_upstream(served: Served, trick: str) -> None:
    """P3: the origin is the configured one, and so is the `Host` that it is told."""
    asked = len(served.gemini.seen)
    answer = served.call("unary", f"X-Weighbridge-Key: {served.bare}", *_TRICKS[trick])
    assert answer.status == 200
    (seen,) = served.gemini.seen[asked:]
    assert seen.header(b"host") == served.gemini.url.removeprefix("http://").encode()


_TARGETS = {
    "two slashes": f"//evil.test/v1beta/models/{_MODEL}:generateContent",
    "user info": f"@evil.test/v1beta/models/{_MODEL}:generateContent",
    "location with a dot": _VERTEX.replace("us-central1", "evil.test") + ":generateContent",
    "location with a slash": _VERTEX.replace("us-central1", "evil.test%2F") + ":generateContent",
    "location with a port": _VERTEX.replace("us-central1", "x:80") + ":generateContent",
    "location with a fragment": _VERTEX.replace("us-central1", "evil.test%23") + ":predict",
}


def test_the_host_of_an_absolute_target_chooses_nothing(served: Served) -> None:
    """P3: a target as proxies send it counts by its path, at the configured upstream."""
    asked = len(served.gemini.seen)
    target = f"http://evil.test/v1beta/models/{_MODEL}:generateContent"
    answer = served.call("unary", f"X-Weighbridge-Key: {served.bare}", target=target)
    assert answer.status == 200
    (seen,) = served.gemini.seen[asked:]
    assert seen.header(b"host") == served.gemini.url.removeprefix("http://").encode()
    assert seen.target.startswith(b"/v1beta/")


@pytest.mark.parametrize("target", _TARGETS)
def test_no_target_chooses_the_upstream(served: Served, target: str) -> None:
    """P3: what is no path, or no location, is refused; nobody is contacted."""
    asked = len(served.gemini.seen) + len(served.vertex.seen)
    key = f"X-Weighbridge-Key: {served.bare}"
    answer = served.call("unary", key, target=_TARGETS[target])
    assert 400 <= answer.status < 500
    assert len(served.gemini.seen) + len(served.vertex.seen) == asked
