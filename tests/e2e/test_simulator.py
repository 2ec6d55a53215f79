"""The simulator over a socket: every operation answers as Google's API does."""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from raw_exchange import RawAnswer, exchange, get, post

from weighbridge.simulator.server import Simulator
from weighbridge.simulator.tls import make_certificates

HELLO = b'{"contents":[{"role":"user","parts":[{"text":"Weigh this lorry, please."}]}]}'
UNARY = "/v1beta/models/gemini-2.5-flash:generateContent"
STREAM = "/v1beta/models/gemini-3.5-flash:streamGenerateContent"
VERTEX = "/v1/projects/p1/locations/europe-west1/publishers/google/models/gemini-2.5-flash"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    made = Simulator(record=True)
    await made.start()
    yield made
    await made.close()


async def call(simulator: Simulator, path: str, body: bytes = HELLO, *headers: str) -> RawAnswer:
    return await exchange(simulator.port, post(path, body, *headers))


async def json_of(simulator: Simulator, path: str, body: Any = None, *headers: str) -> Any:
    sent = HELLO if body is None else json.dumps(body).encode()
    return json.loads((await call(simulator, path, sent, *headers)).body)


async def test_a_unary_answer_has_googles_headers_in_googles_order(simulator: Simulator) -> None:
    answer = await call(simulator, UNARY)
    assert [name for name, _ in answer.headers] == [
        b"Content-Type", b"Vary", b"Vary", b"Vary", b"X-Gemini-Service-Tier", b"Date", b"Server",
        b"X-XSS-Protection", b"X-Frame-Options", b"X-Content-Type-Options", b"Server-Timing",
        b"Alt-Svc", b"Transfer-Encoding",
    ]  # fmt: skip
    assert answer.header(b"content-type") == b"application/json; charset=UTF-8"
    assert answer.body.startswith(b'{\n  "candidates": [\n    {\n      "content": {')
    assert answer.body.endswith(b"}\n")


async def test_the_same_request_gets_the_same_bytes_from_any_simulator(
    simulator: Simulator,
) -> None:
    other = Simulator()
    await other.start()
    for path in (UNARY, f"{STREAM}?alt=sse", STREAM, f"{VERTEX}:generateContent"):
        first, second = await call(simulator, path), await call(other, path)
        assert first == second
    await other.close()


async def test_an_event_stream_ends_each_event_with_crlf_crlf_and_has_no_done(
    simulator: Simulator,
) -> None:
    answer = await call(simulator, f"{STREAM}?alt=sse")
    events = answer.body.decode().split("\r\n\r\n")
    assert answer.header(b"content-type") == b"text/event-stream"
    assert events.pop() == ""
    assert len(events) == answer.chunks - 1  # the last chunk is the empty one
    documents = [json.loads(event.removeprefix("data: ")) for event in events]
    assert all("usageMetadata" in document for document in documents)
    assert [d["candidates"][0].get("finishReason") for d in documents[-2:]] == [None, "STOP"]


async def test_a_stream_without_alt_is_a_json_array_with_nothing_after_it(
    simulator: Simulator,
) -> None:
    answer = await call(simulator, STREAM)
    documents = json.loads(answer.body)
    assert answer.body.startswith(b'[{\n  "candidates"')
    assert answer.body.endswith(b"}\n]")
    assert answer.body.count(b"\n,\r\n{") == len(documents) - 1


async def test_stream_and_unary_say_the_same_and_count_the_same(simulator: Simulator) -> None:
    whole = await json_of(simulator, STREAM.replace("stream", "").replace(":G", ":g"))
    parts = await json_of(simulator, STREAM)
    text = "".join(p["candidates"][0]["content"]["parts"][0].get("text", "") for p in parts)
    assert text == whole["candidates"][0]["content"]["parts"][0]["text"]
    assert parts[-1]["usageMetadata"] == whole["usageMetadata"]


async def test_vertex_counts_in_the_last_chunk_only(simulator: Simulator) -> None:
    body = {"contents": json.loads(HELLO)["contents"], "labels": {"team": "research"}}
    usages = [
        document["usageMetadata"]
        for document in await json_of(simulator, f"{VERTEX}:streamGenerateContent", body)
    ]
    assert usages[:-1] == [{"trafficType": "ON_DEMAND"}] * (len(usages) - 1)
    assert usages[-1]["candidatesTokensDetails"][0]["modality"] == "TEXT"


async def test_express_mode_answers_in_vertex_shape(simulator: Simulator) -> None:
    path = "/v1beta1/publishers/google/models/gemini-2.5-flash:generateContent"
    answer = await json_of(simulator, path)
    assert answer["usageMetadata"]["trafficType"] == "ON_DEMAND"


async def test_the_developer_api_knows_no_labels(simulator: Simulator) -> None:
    body = {"contents": [{"parts": [{"text": "x"}]}], "labels": {"a": "b"}}
    error = (await json_of(simulator, UNARY, body))["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert error["message"].startswith(
        'Invalid JSON payload received. Unknown name "labels": Cannot find field.'
    )


async def test_integer_enums_on_demand(simulator: Simulator) -> None:
    """M13: the old SDK asks for numbers, percent-encoded."""
    answer = await json_of(simulator, f"{UNARY}?%24alt=json%3Benum-encoding%3Dint")
    assert answer["candidates"][0]["finishReason"] == 1
    assert answer["usageMetadata"]["promptTokensDetails"][0]["modality"] == 1


@pytest.mark.parametrize(
    ("suffix", "header"),
    [("?fields=candidates/finishReason", None), ("", "X-Goog-FieldMask: candidates.finishReason")],
)
async def test_a_field_mask_hides_the_usage(
    simulator: Simulator, suffix: str, header: str | None
) -> None:
    """S11."""
    answer = await json_of(simulator, UNARY + suffix, None, *([header] if header else []))
    assert answer == {"candidates": [{"finishReason": "STOP"}]}


async def test_gzip_is_given_to_those_who_ask_and_holds_the_same_body(
    simulator: Simulator,
) -> None:
    plain = await call(simulator, STREAM)
    zipped = await call(simulator, STREAM, HELLO, "Accept-Encoding: gzip, deflate")
    assert zipped.header(b"content-encoding") == b"gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.chunks == plain.chunks


async def test_a_bad_key_is_googles_400_and_no_key_its_403(simulator: Simulator) -> None:
    bad = await exchange(simulator.port, post(f"{UNARY}?key=AIzaSyTEST-bad", HELLO, key=False))
    none = await exchange(simulator.port, post(UNARY, HELLO, key=False))
    login = await exchange(simulator.port, post(f"{VERTEX}:generateContent", HELLO, key=False))
    assert [bad.status, none.status, login.status] == [400, 403, 401]
    assert json.loads(bad.body)["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    assert json.loads(none.body)["error"]["status"] == "PERMISSION_DENIED"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (UNARY, b"{"),
        (UNARY, b"{}"),
        (UNARY, b'{"contents":[{"role":"wizard","parts":[]}]}'),
        (UNARY, b'{"contents":[{"parts":[]}],"generationConfig":{"temperature":1000}}'),
    ],
)
async def test_what_google_refuses_is_refused(simulator: Simulator, path: str, body: bytes) -> None:
    answer = await call(simulator, path, body)
    assert answer.status == 400
    assert json.loads(answer.body)["error"]["status"] == "INVALID_ARGUMENT"


async def test_an_unknown_model_is_404_in_each_apis_words(simulator: Simulator) -> None:
    developer = await json_of(simulator, "/v1beta/models/gemini-does-not-exist:generateContent")
    vertex = await json_of(simulator, VERTEX.replace("2.5", "does-not-exist") + ":generateContent")
    assert developer["error"]["message"].startswith("models/gemini-does-not-exist is not found")
    assert vertex["error"]["message"].startswith("Publisher Model `projects/p1/locations/")


async def test_thinking_uses_up_the_maximum_first(simulator: Simulator) -> None:
    body = json.loads(HELLO) | {"generationConfig": {"maxOutputTokens": 10}}
    answer = await json_of(simulator, UNARY, body)
    assert answer["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert "candidatesTokenCount" not in answer["usageMetadata"]
    assert answer["usageMetadata"]["thoughtsTokenCount"] == 10


async def test_a_picture_counts_258_tokens_and_in_a_stream_only_at_the_end(
    simulator: Simulator,
) -> None:
    picture = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
    body = {"contents": [{"parts": [{"text": "what is this"}, picture]}]}
    parts = await json_of(simulator, STREAM, body)
    assert parts[0]["usageMetadata"]["promptTokenCount"] == 3
    assert parts[-1]["usageMetadata"]["promptTokenCount"] == 261
    assert {"modality": "IMAGE", "tokenCount": 258} in parts[-1]["usageMetadata"][
        "promptTokensDetails"
    ]


async def test_an_image_model_makes_a_picture_of_1290_tokens(simulator: Simulator) -> None:
    answer = await json_of(simulator, UNARY.replace("flash:", "flash-image:"))
    parts = answer["candidates"][0]["content"]["parts"]
    assert parts[1]["inlineData"]["mimeType"] == "image/png"
    assert answer["usageMetadata"]["candidatesTokensDetails"] == [
        {"modality": "IMAGE", "tokenCount": 1290}
    ]


@pytest.mark.parametrize("spelling", ["parameters", "parameters_json_schema"])
async def test_a_function_is_called_once_and_its_result_answered_in_text(
    simulator: Simulator, spelling: str
) -> None:
    schema = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}
    tools = [{"functionDeclarations": [{"name": "weather", spelling: schema}]}]
    ask: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "rain?"}]}]}
    first = await json_of(simulator, UNARY, ask | {"tools": tools})
    made = first["candidates"][0]["content"]["parts"][0]["functionCall"]
    assert made["name"] == "weather"
    assert set(made["args"]) == {"city"}
    result = {"functionResponse": {"name": "weather", "response": {"rain": False}}}
    ask["contents"] += [first["candidates"][0]["content"], {"role": "user", "parts": [result]}]
    second = await json_of(simulator, UNARY, ask | {"tools": tools})
    assert "text" in second["candidates"][0]["content"]["parts"][0]


async def test_search_grounding_brings_queries_and_tool_tokens(simulator: Simulator) -> None:
    body = json.loads(HELLO) | {"tools": [{"googleSearch": {}}]}
    answer = await json_of(simulator, UNARY, body)
    usage = answer["usageMetadata"]
    assert answer["candidates"][0]["groundingMetadata"]["webSearchQueries"]
    assert usage["totalTokenCount"] == (
        usage["promptTokenCount"] + usage["candidatesTokenCount"]
        + usage["toolUsePromptTokenCount"] + usage["thoughtsTokenCount"]
    )  # fmt: skip


async def test_an_explicit_cache_is_part_of_the_prompt(simulator: Simulator) -> None:
    body = {"model": "models/gemini-2.5-flash", "contents": [{"parts": [{"text": "a" * 8000}]}]}
    cache = await json_of(simulator, "/v1beta/cachedContents", body)
    answer = await json_of(simulator, UNARY, json.loads(HELLO) | {"cachedContent": cache["name"]})
    assert cache["usageMetadata"] == {"totalTokenCount": 2000}
    assert answer["usageMetadata"]["cachedContentTokenCount"] == 2000
    assert answer["usageMetadata"]["promptTokenCount"] > 2000


async def test_long_conversations_hit_the_implicit_cache(simulator: Simulator) -> None:
    hits = 0
    for turn in range(12):
        contents = [
            {"role": "user", "parts": [{"text": "long " * 4000}]},
            {"role": "model", "parts": [{"text": "yes"}]},
            {"role": "user", "parts": [{"text": f"turn {turn}"}]},
        ]
        answer = await json_of(simulator, UNARY, {"contents": contents})
        hits += "cachedContentTokenCount" in answer["usageMetadata"]
    assert 0 < hits < 12


async def test_models_come_in_pages(simulator: Simulator) -> None:
    seen: list[str] = []
    token = ""
    while True:
        answer = await exchange(simulator.port, get(f"/v1beta/models?pageSize=7&pageToken={token}"))
        page = json.loads(answer.body)
        seen += [model["name"] for model in page["models"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert len(seen) == len(set(seen)) > 7
    one = await exchange(simulator.port, get("/v1beta/models/gemini-2.5-flash"))
    assert json.loads(one.body)["name"] in seen


async def test_embeddings_report_usage_for_the_second_model_only(simulator: Simulator) -> None:
    request = {"content": {"parts": [{"text": "some text goes here"}]}, "outputDimensionality": 8}
    body = {"requests": [request, request]}
    path = "/v1beta/models/gemini-embedding-{}:batchEmbedContents"
    first = await json_of(simulator, path.format("001"), body)
    second = await json_of(simulator, path.format("2"), body)
    assert [len(each["values"]) for each in first["embeddings"]] == [8, 8]
    assert "usageMetadata" not in first
    assert second["usageMetadata"]["promptTokenDetails"] == [{"modality": "TEXT", "tokenCount": 10}]


async def test_count_tokens(simulator: Simulator) -> None:
    answer = await json_of(simulator, UNARY.replace("generateContent", "countTokens"))
    assert answer["totalTokens"] == 7
    assert answer["promptTokensDetails"] == [{"modality": "TEXT", "tokenCount": 7}]


async def test_imagen_and_vertex_embeddings_answer_predict(simulator: Simulator) -> None:
    body: dict[str, Any] = {"instances": [{"prompt": "x"}], "parameters": {"sampleCount": 2}}
    made = await json_of(simulator, "/v1beta/models/imagen-4.0-generate-001:predict", body)
    assert [each["mimeType"] for each in made["predictions"]] == ["image/png"] * 2
    vertex = VERTEX.replace("gemini-2.5-flash", "text-embedding-005:predict")
    vectors = await json_of(simulator, vertex, {"instances": [{"content": "two words"}]})
    assert vectors["predictions"][0]["embeddings"]["statistics"]["token_count"] == 3
    assert vectors["metadata"] == {"billableCharacterCount": 8}


async def test_a_file_is_uploaded_in_two_chunks_listed_read_and_deleted(
    simulator: Simulator,
) -> None:
    """S6: the upload URL is absolute to Google's host, its second step carries no key."""
    start = await call(
        simulator,
        "/upload/v1beta/files",
        b'{"file":{"displayName":"a.txt"}}',
        "X-Goog-Upload-Protocol: resumable",
        "X-Goog-Upload-Command: start",
        "X-Goog-Upload-Header-Content-Type: text/plain",
    )
    url = (start.header(b"x-goog-upload-url") or b"").decode()
    assert start.body == b""
    assert url.startswith("https://generativelanguage.googleapis.com/upload/v1beta/files?")
    path = url.removeprefix("https://generativelanguage.googleapis.com")
    steps = ((b"hello ", "upload", 0), (b"world", "upload, finalize", 6))
    for data, command, offset in steps:
        headers = (f"X-Goog-Upload-Command: {command}", f"X-Goog-Upload-Offset: {offset}")
        last = await exchange(simulator.port, post(path, data, *headers, key=False))
    file = json.loads(last.body)["file"]
    assert (file["sizeBytes"], file["mimeType"], file["displayName"]) == (
        "11", "text/plain", "a.txt",
    )  # fmt: skip
    name = f"/v1beta/{file['name']}"
    content = await exchange(simulator.port, get(f"{name}:download?alt=media"))
    listed = json.loads((await exchange(simulator.port, get("/v1beta/files"))).body)
    assert content.body == b"hello world"
    assert listed == {"files": [file]}
    await exchange(simulator.port, get(name, method="DELETE"))
    assert (await exchange(simulator.port, get(name))).status == 404


async def test_a_batch_holds_its_results_when_it_is_read(simulator: Simulator) -> None:
    """M11."""
    requests = {"requests": {"requests": [{"request": json.loads(HELLO)}]}}
    body = {"batch": {"inputConfig": requests}}
    path = UNARY.replace("generate", "batchGenerate")
    made = await json_of(simulator, path, body)
    read = json.loads((await exchange(simulator.port, get(f"/v1beta/{made['name']}"))).body)
    assert made["metadata"]["state"] == "BATCH_STATE_PENDING"
    assert read["metadata"]["state"] == "BATCH_STATE_SUCCEEDED"
    answers = read["response"]["inlinedResponses"]["inlinedResponses"]
    assert answers[0]["response"]["usageMetadata"]["promptTokenCount"] == 7


async def test_openai_hides_thinking_in_the_total(simulator: Simulator) -> None:
    body = {"model": "gemini-2.5-flash", "messages": [{"role": "user", "content": "hello"}]}
    answer = await json_of(simulator, "/v1beta/openai/chat/completions", body)
    usage = answer["usage"]
    assert list(answer) == ["choices", "created", "id", "model", "object", "usage"]
    assert usage["total_tokens"] > usage["prompt_tokens"] + usage["completion_tokens"]


@pytest.mark.parametrize("counted", [True, False])
async def test_an_openai_stream_ends_with_done_and_counts_where_asked(
    simulator: Simulator, *, counted: bool
) -> None:
    body = {
        "model": "gemini-2.5-flash",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": True,
        "stream_options": {"include_usage": counted},
    }
    answer = await call(simulator, "/v1beta/openai/chat/completions", json.dumps(body).encode())
    *events, done, empty = answer.body.decode().split("\n\n")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert (done, empty) == ("data: [DONE]", "")
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert all(("usage" in chunk) is counted for chunk in chunks)


async def test_openai_embeddings_and_models(simulator: Simulator) -> None:
    body = {"model": "gemini-embedding-001", "input": ["a", "b"], "dimensions": 4}
    answer = await json_of(simulator, "/v1beta/openai/embeddings", body)
    models = json.loads((await exchange(simulator.port, get("/v1beta/openai/models"))).body)
    assert [len(each["embedding"]) for each in answer["data"]] == [4, 4]
    assert "models/gemini-2.5-flash" in [each["id"] for each in models["data"]]


async def test_what_is_not_played_answers_all_the_same_and_foreign_paths_are_404(
    simulator: Simulator,
) -> None:
    unknown = await call(simulator, "/v1beta/fileSearchStores", b"{}")
    foreign = await exchange(simulator.port, get("/robots.txt"))
    assert unknown.status == 200
    assert (foreign.status, foreign.header(b"content-type")) == (404, b"text/html; charset=UTF-8")


async def test_requests_are_recorded_as_they_were_on_the_wire(simulator: Simulator) -> None:
    await call(simulator, f"{UNARY}?x=%2F", HELLO, "X-Odd:  two  spaces", "x-odd: again")
    received = simulator.received[-1]
    assert (received.method, received.target) == (b"POST", f"{UNARY}?x=%2F".encode())
    assert [value for name, value in received.headers if name.lower() == b"x-odd"] == [
        b"two  spaces", b"again",
    ]  # fmt: skip
    assert (received.body_bytes, len(received.body_sha256 or "")) == (len(HELLO), 64)


async def test_pipelined_requests_are_answered_in_their_order(simulator: Simulator) -> None:
    first = post(UNARY, HELLO, "x-simulator-scenario: slow", "x-simulator-delay: 0.05")
    second = get("/v1beta/models/gemini-2.5-flash")
    answer = await exchange(simulator.port, first + second)
    assert b"candidates" in answer.body
    assert [each.method for each in simulator.received] == [b"POST", b"GET"]


async def test_tls_with_an_authority_made_now(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    simulator = Simulator()
    await simulator.start(tls=made.server_context())
    answer = await exchange(simulator.tls_port, post(UNARY, HELLO), tls=made.client_context())
    assert answer.status == 200
    await simulator.close()
