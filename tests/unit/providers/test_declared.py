"""What a request body declares about how much its call may consume."""

import json
from typing import Any

import pytest

from weighbridge.providers.base import Route
from weighbridge.providers.declared import Declared, as_maximum, declared


def route(operation: str = "generateContent", provider: str = "google") -> Route:
    return Route(
        provider=provider, surface="gemini", upstream="gemini", host="h", operation=operation
    )


def of(document: Any, operation: str = "generateContent", provider: str = "google") -> Declared:
    body = json.dumps(document).encode()
    return declared(route(operation, provider), body, len(body))


def said(text: str = "hi", **more: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], **more}


def test_a_prompt_of_text_is_at_most_as_many_tokens_as_bytes() -> None:
    """The whole body counts, framing and all."""
    document = said("hello")
    found = of(document)
    assert found.text_bytes == len(json.dumps(document))
    assert (found.images, found.audio_bytes, found.open_prompt) == (0, 0, False)


@pytest.mark.parametrize("name", ["maxOutputTokens", "max_output_tokens"])
@pytest.mark.parametrize("config", ["generationConfig", "generation_config"])
def test_google_reads_both_spellings_of_a_maximum(config: str, name: str) -> None:
    """So does the hold."""
    assert of(said(**{config: {name: 100}})).answer_tokens == 100


def test_each_candidate_may_be_as_long_as_the_maximum() -> None:
    """Two candidates are two answers."""
    found = of(said(generationConfig={"maxOutputTokens": 100, "candidateCount": 2}))
    assert (found.answer_tokens, found.answers) == (100, 2)


@pytest.mark.parametrize("value", [0, -1, None, "many", 1.5, 1 << 40, True, [100]])
def test_a_maximum_that_is_none_bounds_nothing(value: Any) -> None:
    """What Google would not take as a maximum is none here either."""
    assert of(said(generationConfig={"maxOutputTokens": value})).answer_tokens is None


def test_a_maximum_as_text_or_whole_float_is_one() -> None:
    """Google's JSON reads `"100"` and `100.0` as 100."""
    assert [as_maximum(value) for value in (100, "100", 100.0)] == [100, 100, 100]


def test_a_configuration_that_stands_twice_bounds_nothing() -> None:
    """Readers differ in which of two they take, or take both together."""
    body = (
        b'{"generationConfig":{"maxOutputTokens":90000},"contents":[],'
        b'"generationConfig":{"maxOutputTokens":1}}'
    )
    assert declared(route(), body, len(body)).answer_tokens is None
    both = said(generationConfig={"maxOutputTokens": 1}, generation_config={"candidateCount": 2})
    assert of(both).answer_tokens is None


def test_a_maximum_inside_the_prompt_is_no_maximum() -> None:
    """Arguments of a function may well be named so."""
    call = {"functionCall": {"name": "f", "args": {"maxOutputTokens": 1}}}
    document = {"contents": [{"parts": [call]}], "generationConfig": {"maxOutputTokens": 500}}
    assert of(document).answer_tokens == 500
    assert of({"contents": [{"parts": [call]}]}).answer_tokens is None


def test_only_a_declared_modality_makes_an_answer_surely_text() -> None:
    """A model of images answers with images unasked."""
    assert not of(said()).only_text
    assert of(said(generationConfig={"responseModalities": ["TEXT"]})).only_text
    assert not of(said(generationConfig={"responseModalities": ["TEXT", "IMAGE"]})).only_text


@pytest.mark.parametrize(
    ("part", "images", "audio", "is_open"),
    [
        ({"inlineData": {"mimeType": "image/png", "data": "A" * 900}}, 1, 0, False),
        ({"inline_data": {"mime_type": "image/png", "data": "A" * 900}}, 1, 0, False),
        ({"inlineData": {"mimeType": "audio/mp3", "data": "A" * 900}}, 0, 902, False),
        ({"inlineData": {"mimeType": "text/plain", "data": "QUJD"}}, 0, 0, False),
        ({"inlineData": {"mimeType": "video/mp4", "data": "A"}}, 0, 0, True),
        ({"inlineData": {"mimeType": "application/pdf", "data": "A"}}, 0, 0, True),
        ({"inlineData": {"data": "A"}}, 0, 0, True),
        ({"fileData": {"fileUri": "x"}}, 0, 0, True),
        ({"file_data": {"file_uri": "x"}}, 0, 0, True),
        ({"functionResponse": {"parts": [{"inlineData": {}}]}}, 0, 0, True),
    ],
)
def test_media_count_by_their_kind(
    part: dict[str, Any], images: int, audio: int, *, is_open: bool
) -> None:
    """Images by number, audio by its bytes; what no count of bytes bounds is open."""
    document = {"contents": [{"parts": [{"text": "see"}, part]}]}
    found = of(document)
    assert (found.images, found.audio_bytes, found.open_prompt) == (images, audio, is_open)
    if images or audio:
        assert found.text_bytes <= len(json.dumps(document)) - 900


def test_contents_may_be_one_object() -> None:
    """As Vertex's own examples write them."""
    one = {"contents": {"parts": {"inlineData": {"mimeType": "image/png", "data": "A"}}}}
    assert of(one).images == 1
    assert not of({"contents": {"parts": {"text": "hi"}}}).open_prompt


def test_a_name_written_with_escapes_is_not_overlooked() -> None:
    """It is the same name to Google."""
    body = b'{"contents":[{"parts":[{"\\u0069nlineData":{"mimeType":"video/mp4","data":"A"}}]}]}'
    assert declared(route(), body, len(body)).open_prompt


@pytest.mark.parametrize("name", ["cachedContent", "cached_content"])
def test_a_cache_makes_a_prompt_open(name: str) -> None:
    """Nobody here knows how large it is."""
    assert of(said(**{name: "cachedContents/1"})).open_prompt


def test_functions_of_the_caller_cost_nothing_but_their_text() -> None:
    """What the provider runs may read pages and search."""
    assert not of(said(tools=[{"functionDeclarations": [{"name": "f"}]}])).tools
    for tool in ({"googleSearch": {}}, {"google_search": {}}, {"urlContext": {}}, {"new": {}}):
        found = of(said(tools=[{"functionDeclarations": []}, tool]))
        assert (found.tools, found.searches) == (True, True)


def test_an_asked_tier_is_told() -> None:
    """A call may be served at it."""
    assert of(said(serviceTier="PRIORITY")).tier == "priority"


def test_embeddings_of_many_texts_are_one_prompt() -> None:
    """All of them are in the body."""
    requests = [{"content": {"parts": [{"text": "a" * 50}]}}] * 3
    found = of({"requests": requests}, "batchEmbedContents")
    assert (found.text_bytes > 150, found.open_prompt) == (True, False)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
def test_openai_and_anthropic_name_their_maximum(name: str) -> None:
    """Each method its own."""
    messages = [{"role": "user", "content": "hi"}]
    found = of({"model": "gemini-2.5-flash", "messages": messages, name: 9, "n": 2}, "responses")
    assert (found.answer_tokens, found.answers, found.model) == (9, 2, "gemini-2.5-flash")
    assert found.only_text


def test_of_two_names_the_larger_maximum_counts() -> None:
    """Google's and OpenAI's readers differ in which they prefer."""
    found = of({"messages": [], "max_tokens": 9, "max_completion_tokens": 90}, "chat.completions")
    assert found.answer_tokens == 90


def test_a_partner_s_model_is_told_by_its_name() -> None:
    """Its price is its maker's."""
    found = of({"model": "meta/llama-4-scout", "messages": []}, "chat.completions")
    assert (found.provider, found.model) == ("meta", "llama-4-scout")


@pytest.mark.parametrize(
    ("content", "images", "is_open"),
    [
        ([{"type": "text", "text": "hi"}], 0, False),
        ([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}], 3, False),
        ([{"type": "image", "source": {"type": "url"}}], 1, False),
        ([{"type": "file", "file": {"file_id": "x"}}], 0, True),
        ([{"type": "document", "source": {}}], 0, True),
    ],
)
def test_parts_of_messages_count_by_their_kind(content: Any, images: int, *, is_open: bool) -> None:
    """More images than there are do no harm; an image overlooked would."""
    found = of({"messages": [{"role": "user", "content": content}]}, "chat.completions")
    assert (found.images, found.open_prompt) == (images, is_open)


@pytest.mark.parametrize("name", ["previous_response_id", "previous_interaction_id"])
def test_earlier_turns_make_a_prompt_open(name: str) -> None:
    """They are read again, and paid for."""
    assert of({"input": "go on", name: "x"}, "responses").open_prompt


def test_tools_of_anthropic_are_told_from_the_caller_s_by_their_type() -> None:
    """The caller's have none."""
    own = {"name": "f", "input_schema": {}}
    search = {"type": "web_search_20250305", "name": "web_search"}
    assert not of({"messages": [], "tools": [own]}, "rawPredict", "anthropic").tools
    assert of({"messages": [], "tools": [own, search]}, "rawPredict", "anthropic").searches


def test_a_cache_that_is_written_is_seen() -> None:
    """It costs more than the prompt."""
    part = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
    messages = [{"role": "user", "content": [part]}]
    assert of({"messages": messages, "max_tokens": 5}, "rawPredict", "anthropic").writes_cache


def test_images_count_as_many_as_asked_for() -> None:
    """Google's own method makes four where nobody says how many."""
    assert of({"instances": [], "parameters": {"sampleCount": 2}}, "predict").pieces == 2
    assert of({"instances": []}, "predict").pieces == 4
    assert of({"prompt": "x", "n": 3}, "images.generations").pieces == 3


def test_seconds_of_video_are_known_beforehand() -> None:
    """They are billed as asked for."""
    found = of({"instances": [], "parameters": {"durationSeconds": 6}}, "predictLongRunning")
    assert found.video is not None
    assert found.video.video_seconds == 6


def test_a_body_that_did_not_come_whole_counts_by_its_length() -> None:
    """Nothing else is known of it; a call without a body asks for nothing."""
    found = declared(route(), None, 5_000_000)
    assert (found.text_bytes, found.open_prompt, found.answer_tokens) == (5_000_000, True, None)
    assert not declared(route("live"), None, 0).open_prompt


def test_what_is_no_json_counts_by_its_length() -> None:
    """Google will refuse it; until then it is bounded by the model alone."""
    assert declared(route(), b"{", 1).open_prompt
