"""Each scenario does on the wire what its name says."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from raw_exchange import RawAnswer, eventually, exchange, post

from weighbridge.simulator.scenarios import SCENARIOS
from weighbridge.simulator.server import Simulator

HELLO = b'{"contents":[{"role":"user","parts":[{"text":"Weigh this lorry, please."}]}]}'
UNARY = "/v1beta/models/gemini-2.5-flash:generateContent"
SSE = "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse"
ARRAY = "/v1beta/models/gemini-3.5-flash:streamGenerateContent"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    made = Simulator(record=True)
    await made.start()
    yield made
    await made.close()


async def fault(
    simulator: Simulator, name: str, path: str = UNARY, *headers: str, **options: Any
) -> RawAnswer:
    sent = post(path, HELLO, f"x-simulator-scenario: {name}", *headers)
    return await exchange(simulator.port, sent, **options)


async def body_of(simulator: Simulator, name: str, path: str = UNARY) -> Any:
    return json.loads((await fault(simulator, name, path)).body)


@pytest.mark.parametrize(
    ("name", "code", "status"),
    [
        ("quota_429", 429, "RESOURCE_EXHAUSTED"),
        ("unavailable_503", 503, "UNAVAILABLE"),
        ("internal_500", 500, "INTERNAL"),
        ("invalid_400", 400, "INVALID_ARGUMENT"),
        ("permission_403", 403, "PERMISSION_DENIED"),
        ("not_found_404", 404, "NOT_FOUND"),
    ],
)
async def test_errors_have_googles_shape_unary_as_events_and_as_array(
    simulator: Simulator, name: str, code: int, status: str
) -> None:
    unary = await fault(simulator, name)
    events = await fault(simulator, name, SSE)
    array = await fault(simulator, name, ARRAY)
    expected = json.loads(unary.body)["error"]
    assert (expected["code"], expected["status"]) == (code, status)
    assert [unary.status, events.status, array.status] == [code] * 3
    assert events.header(b"content-type") == b"text/event-stream"
    assert json.loads(events.body)["error"] == expected
    assert json.loads(array.body) == [{"error": expected}]


async def test_quota_errors_say_when_to_come_back(simulator: Simulator) -> None:
    details = (await body_of(simulator, "quota_429"))["error"]["details"]
    assert details[-1]["retryDelay"] == "34.4s"


async def test_a_scenario_can_be_a_model_name_or_the_simulators_own() -> None:
    simulator = Simulator(scenario="internal_500")
    await simulator.start()
    own = await exchange(simulator.port, post(UNARY, HELLO))
    named = await exchange(
        simulator.port, post(UNARY.replace("gemini-2.5-flash", "sim-quota-429"), HELLO)
    )
    header = await fault(simulator, "ok")
    assert [own.status, named.status, header.status] == [500, 429, 200]
    await simulator.close()


async def test_an_unknown_scenario_is_refused_with_the_known_names() -> None:
    with pytest.raises(ValueError, match="quota_429"):
        Simulator(scenario="earthquake")


async def test_a_blocked_prompt_has_counts_but_no_candidate(simulator: Simulator) -> None:
    answer = await body_of(simulator, "blocked_prompt")
    assert list(answer) == ["promptFeedback", "usageMetadata", "modelVersion", "responseId"]
    usage = answer["usageMetadata"]
    assert usage["promptTokenCount"] == usage["totalTokenCount"] == 7


@pytest.mark.parametrize(
    ("name", "reason"),
    [("safety_stop", "SAFETY"), ("max_tokens_thinking", "MAX_TOKENS"), ("empty_stop", "STOP")],
)
async def test_answers_without_text_omit_the_candidates_count(
    simulator: Simulator, name: str, reason: str
) -> None:
    answer = await body_of(simulator, name)
    assert answer["candidates"][0]["finishReason"] == reason
    assert answer["candidates"][0]["content"] == {"role": "model"}
    assert "candidatesTokenCount" not in answer["usageMetadata"]
    assert ("thoughtsTokenCount" in answer["usageMetadata"]) is (name == "max_tokens_thinking")


async def test_usage_can_be_missing_bare_wrong_or_of_the_old_kind(simulator: Simulator) -> None:
    assert "usageMetadata" not in await body_of(simulator, "no_usage")
    bare = await body_of(simulator, "traffic_type_only")
    assert bare["usageMetadata"] == {"trafficType": "ON_DEMAND"}
    old = (await body_of(simulator, "thoughts_inside_candidates"))["usageMetadata"]
    assert old["totalTokenCount"] == old["promptTokenCount"] + old["candidatesTokenCount"]
    assert old["thoughtsTokenCount"] > 0
    assert (await body_of(simulator, "models_prefix"))["modelVersion"].startswith("models/")


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("wrong_counts", -5),
        ("wrong_counts_negative", -5),
        ("wrong_counts_huge", 2**63),
        ("wrong_counts_text", "many"),
    ],
)
async def test_counts_can_be_nonsense(simulator: Simulator, name: str, prompt: object) -> None:
    """M12."""
    assert (await body_of(simulator, name))["usageMetadata"]["promptTokenCount"] == prompt


async def test_an_error_inside_a_stream_comes_as_an_event_or_bare(simulator: Simulator) -> None:
    """S3."""
    event = await fault(simulator, "error_mid_stream", SSE)
    bare = await fault(simulator, "error_mid_stream_bare", SSE)
    array = await fault(simulator, "error_mid_stream", ARRAY)
    assert [event.status, bare.status, array.status] == [200] * 3
    assert b'\r\n\r\ndata: {"error": {"code": 503' in event.body
    assert b'\r\n\r\n{\n  "error": {\n    "code": 503' in bare.body
    assert json.loads(array.body)[-1]["error"]["status"] == "UNAVAILABLE"
    assert json.loads(array.body)[0]["candidates"]


@pytest.mark.parametrize(
    ("name", "ended"),
    [
        ("reset_before_answer", "reset"),
        ("close_before_answer", "closed"),
        ("cut_mid_head", "closed"),
        ("cut_mid_body", "closed"),
        ("cut_mid_stream", "closed"),
        ("reset_mid_stream", "reset"),
        ("malformed_head", "malformed"),
        ("bad_chunk_size", "malformed"),
    ],
)
async def test_answers_end_badly(simulator: Simulator, name: str, ended: str) -> None:
    answer = await fault(simulator, name, SSE)
    assert answer.ended == ended


async def test_a_cut_body_is_short_of_its_length(simulator: Simulator) -> None:
    whole = await fault(simulator, "ok")
    cut = await fault(simulator, "cut_mid_body", UNARY, "x-simulator-at: 0.25")
    assert cut.header(b"content-length") == str(len(whole.body)).encode()
    assert cut.body == whole.body[: len(whole.body) // 4]


async def test_a_cut_stream_is_a_prefix(simulator: Simulator) -> None:
    whole = await fault(simulator, "ok", SSE)
    for name in ("cut_mid_stream", "reset_mid_stream"):
        cut = await fault(simulator, name, SSE)
        assert whole.body.startswith(cut.body)
        assert 0 < len(cut.body) < len(whole.body)


@pytest.mark.parametrize("name", ["slow", "slow_headers", "slow_chunks"])
async def test_slow_answers_are_late_but_whole(simulator: Simulator, name: str) -> None:
    whole = await fault(simulator, "ok", SSE)
    late = await fault(simulator, name, SSE, "x-simulator-delay: 0.001")
    assert late == whole
    silent = await fault(simulator, name, SSE, "x-simulator-delay: 30", silent_after_s=0.05)
    assert silent.ended == "silent"


async def test_hang_never_answers_and_a_client_that_leaves_is_counted(
    simulator: Simulator,
) -> None:
    answer = await fault(simulator, "hang", silent_after_s=0.05)
    assert (answer.ended, answer.status) == ("silent", 0)
    await eventually(lambda: not simulator.connections)
    assert simulator.abandoned == 1


@pytest.mark.parametrize(("name", "early"), [("held_before_answer", 0), ("held_mid_stream", 200)])
async def test_held_answers_go_on_when_released(
    simulator: Simulator, name: str, early: int
) -> None:
    whole = await fault(simulator, "ok", SSE)
    held = asyncio.create_task(fault(simulator, name, SSE))
    await eventually(lambda: len(simulator.received) > 1)
    seen = await fault(simulator, name, SSE, silent_after_s=0.5)
    assert (seen.ended, seen.status) == ("silent", early)
    simulator.release()
    assert await held == whole


async def test_a_stale_connection_closes_right_after_its_answer(simulator: Simulator) -> None:
    answer = await fault(simulator, "close_after_answer", watch_end=True)
    assert (answer.status, answer.header(b"connection"), answer.closed_after) == (200, None, True)


@pytest.mark.parametrize(
    ("name", "version", "framing"),
    [
        ("connection_close", "1.1", b"transfer-encoding"),
        ("until_close", "1.1", None),
        ("http10", "1.0", None),
    ],
)
async def test_bodies_that_end_with_the_connection(
    simulator: Simulator, name: str, version: str, framing: bytes | None
) -> None:
    whole = await fault(simulator, "ok")
    answer = await fault(simulator, name, watch_end=True)
    assert answer.body == whole.body
    assert answer.version == version
    for header in (b"transfer-encoding", b"content-length"):
        assert (answer.header(header) is not None) is (header == framing)


async def test_interim_answers_trailers_and_odd_chunks(simulator: Simulator) -> None:
    whole = await fault(simulator, "ok")
    hints = await fault(simulator, "interim_103")
    trailed = await fault(simulator, "trailers")
    odd = await fault(simulator, "chunked_odd")
    assert (hints.interim, hints.body) == ([103], whole.body)
    assert trailed.trailers == [(b"X-Sim-Checksum", b"0f1e2d"), (b"X-Sim-Done", b"yes")]
    assert odd.body == whole.body
    assert odd.chunks == len(whole.body) + 1


async def test_a_huge_answer_is_still_json_with_its_usage_at_the_end(
    simulator: Simulator,
) -> None:
    size = "x-simulator-bytes: 3000000"
    unary = await fault(simulator, "huge", UNARY, size)
    stream = await fault(simulator, "huge", SSE, size)
    array = await fault(simulator, "huge", ARRAY, size)
    assert len(unary.body) > 2_900_000
    assert json.loads(unary.body)["usageMetadata"]["totalTokenCount"] > 0
    assert len(stream.body) > 2_900_000
    assert len(array.body) > 2_900_000
    assert json.loads(array.body)[-1]["candidates"][0]["finishReason"] == "STOP"


async def test_gzip_that_is_none(simulator: Simulator) -> None:
    answer = await fault(simulator, "bad_gzip", UNARY, "Accept-Encoding: gzip")
    assert [value for name, value in answer.headers if name == b"Content-Encoding"] == [b"gzip"]
    assert answer.body.startswith(b"\x1f\x8b\x08\x00no deflate")


@pytest.mark.parametrize(("name", "status"), [("status_204", 204), ("status_304", 304)])
async def test_statuses_without_a_body_leave_the_connection_usable(
    simulator: Simulator, name: str, status: int
) -> None:
    answer = await fault(simulator, name)
    assert (answer.status, answer.body, answer.ended) == (status, b"", "complete")


@pytest.mark.parametrize("name", ["early_answer", "early_answer_close"])
async def test_an_early_answer_comes_before_the_body_ended(simulator: Simulator, name: str) -> None:
    head, _, body = post(UNARY, HELLO, f"x-simulator-scenario: {name}").partition(b"\r\n\r\n")
    answer = await exchange(simulator.port, head + b"\r\n\r\n" + body[:10])
    assert (answer.status, answer.ended) == (400, "complete")


async def test_expect_is_honoured_refused_or_insisted_on(simulator: Simulator) -> None:
    expect = "Expect: 100-continue"
    polite = await exchange(simulator.port, post(UNARY, HELLO, expect))
    assert (polite.interim, polite.status) == ([100], 200)
    refused = await fault(simulator, "expect_refused", UNARY, expect)
    assert (refused.interim, refused.status) == ([], 417)
    rash = await fault(simulator, "expect_strict", UNARY, expect)
    assert (rash.interim, rash.status) == ([], 400)


async def test_expect_strict_answers_those_who_wait(simulator: Simulator) -> None:
    sent = post(UNARY, HELLO, "x-simulator-scenario: expect_strict", "Expect: 100-continue")
    head, _, body = sent.partition(b"\r\n\r\n")
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
    writer.write(head + b"\r\n\r\n")
    async with asyncio.timeout(5):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
    writer.close()


async def test_an_upgrade_becomes_a_tunnel_that_echoes(simulator: Simulator) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
    writer.write(
        b"GET /ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
        b" HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"anything\x00at all")
        assert await reader.readexactly(15) == b"anything\x00at all"
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head  # the example of RFC 6455 section 1.3
    writer.close()


async def test_malformed_requests_are_told_so_and_cut(simulator: Simulator) -> None:
    answer = await exchange(simulator.port, b"NOT HTTP\r\n\r\n")
    assert answer.status == 400


def test_every_scenario_has_its_word_here() -> None:
    here = Path(__file__)
    files = (here, *(here.parents[1] / "unit" / "simulator").glob("test_*.py"))
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    assert [name for name in SCENARIOS if f'"{name}"' not in text] == []
