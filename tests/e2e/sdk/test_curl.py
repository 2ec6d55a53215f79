"""curl, the client without an SDK: raw bytes, every form of answer, every place for the key."""

import json
import subprocess

import pytest
from processes import Bridge
from sdk_programs import GOOGLE_KEY

MODEL = "/v1beta/models/gemini-2.5-flash"
BODY = json.dumps({"contents": [{"role": "user", "parts": [{"text": "What is a weighbridge?"}]}]})
GZIP = ("-H", "Accept-Encoding: gzip")
CALLS = {
    "unary": (f"{MODEL}:generateContent", "-d", BODY),
    "unary gzip": (f"{MODEL}:generateContent", "-d", BODY, *GZIP),
    "integer enums": (f"{MODEL}:generateContent?%24alt=json%3Benum-encoding%3Dint", "-d", BODY),
    "event stream": (f"{MODEL}:streamGenerateContent?alt=sse", "-d", BODY),
    "event stream gzip": (f"{MODEL}:streamGenerateContent?alt=sse", "-d", BODY, *GZIP),
    "array stream": (f"{MODEL}:streamGenerateContent", "-d", BODY),
    "count": (f"{MODEL}:countTokens", "-d", BODY),
    "models": ("/v1beta/models?pageSize=3",),
    "one model": (MODEL,),
    "unknown model": ("/v1beta/models/gemini-0-none:generateContent", "-d", BODY),
    "unknown method": (f"{MODEL}:dreamContent", "-d", BODY),
    "broken body": (f"{MODEL}:generateContent", "-d", "{"),
}
KEYS = {
    "header": ("", "-H", f"x-goog-api-key: {GOOGLE_KEY}"),
    "query": (f"key={GOOGLE_KEY}",),
    "bearer": ("", "-H", f"Authorization: Bearer {GOOGLE_KEY}"),
}


def _curl(url: str, *options: str) -> tuple[bytes, bytes]:
    """Status with content headers, and the body, undecoded."""
    written = "%{stderr}%{http_code} %header{content-type} %header{content-encoding}"
    command = ["curl", "-sS", "-w", written, "-H", "Content-Type: application/json", *options, url]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True
    )
    return done.stderr.strip(), done.stdout


def _url(base: str, target: str, query: str) -> str:
    if not query:
        return base + target
    return f"{base}{target}{'&' if '?' in target else '?'}{query}"


@pytest.fixture(scope="module")
def token(bridge: Bridge) -> str:
    return str(bridge.token("curl")["token"])


@pytest.mark.parametrize("call", CALLS)
def test_curl_gets_the_same_bytes(call: str, upstream: str, bridge: Bridge, token: str) -> None:
    """Status, content headers and raw body are those of the upstream, errors included."""
    target, *options = CALLS[call]
    options += ["-H", f"x-goog-api-key: {GOOGLE_KEY}"]
    direct = _curl(upstream + target, *options)
    through = _curl(bridge.url + target, *options, "-H", f"X-Weighbridge-Key: {token}")
    assert through == direct
    assert direct[1]


@pytest.mark.parametrize("place", KEYS)
def test_the_google_key_may_stand_where_google_takes_it(
    place: str, upstream: str, bridge: Bridge, token: str
) -> None:
    """Header, query or bearer: forwarded as it came."""
    query, *options = KEYS[place]
    target = _url("", f"{MODEL}:generateContent", query)
    direct = _curl(upstream + target, "-d", BODY, *options)
    through = _curl(bridge.url + target, "-d", BODY, *options, "-H", f"X-Weighbridge-Key: {token}")
    assert through == direct
    assert direct[0].startswith(b"200")


def test_the_wrong_header_name_is_told(bridge: Bridge, token: str) -> None:
    """`X-Cloudidr-Token` is a common slip for `X-Cloudidr-Key`; the refusal says so."""
    options = ("-H", f"x-goog-api-key: {GOOGLE_KEY}", "-H", f"X-Cloudidr-Token: {token}")
    status, body = _curl(bridge.url + MODEL, *options)
    error = json.loads(body)["error"]
    assert status.startswith(b"401")
    assert error["status"] == "UNAUTHENTICATED"
    assert error["details"][0]["reason"] == "TRACKING_TOKEN_MISSING"
    assert error["details"][0]["domain"] == "weighbridge"
    assert "X-Cloudidr-Token" in error["message"]
    assert token not in error["message"]
