"""The small parts that make a document: masks, enums, printing, tokens, schemas, plans."""

import gzip
import json
from typing import Any

import pytest

from weighbridge.simulator.dice import dice
from weighbridge.simulator.enums import with_integers
from weighbridge.simulator.filler import filled
from weighbridge.simulator.masks import apply_mask, parse_mask
from weighbridge.simulator.models import is_served, model_named
from weighbridge.simulator.plan import End, Send, Wait, at_pace
from weighbridge.simulator.printing import array_pieces, event, gzip_pieces, pretty
from weighbridge.simulator.prose import picture, prose
from weighbridge.simulator.tokens import contents_tokens, text_tokens

ANSWER = {"a": 1, "b": {"c": 2, "d": [{"e": 3, "f": 4}]}, "g": 5}


@pytest.mark.parametrize(
    ("mask", "left"),
    [
        ("a", {"a": 1}),
        ("a,g", {"a": 1, "g": 5}),
        ("b/c", {"b": {"c": 2}}),
        ("b.d.e", {"b": {"d": [{"e": 3}]}}),
        ("b(c,d(f)),g", {"b": {"c": 2, "d": [{"f": 4}]}, "g": 5}),
        ("b/d(e),a", {"a": 1, "b": {"d": [{"e": 3}]}}),
        ("*", ANSWER),
        ("nothing", {}),
    ],
)
def test_a_mask_keeps_what_it_names(mask: str, left: Any) -> None:
    assert apply_mask(ANSWER, parse_mask(mask)) == left


def test_known_enums_become_numbers_and_other_words_stay() -> None:
    document = {"finishReason": "MAX_TOKENS", "x": [{"modality": "AUDIO", "text": "STOP"}]}
    assert with_integers(document) == {"finishReason": 2, "x": [{"modality": 4, "text": "STOP"}]}
    assert with_integers({"finishReason": "NEW_WORD"}) == {"finishReason": "NEW_WORD"}


def test_printing_is_googles() -> None:
    document = {"text": "<b> & ü", "list": []}
    assert pretty(document) == b'{\n  "text": "\\u003cb\\u003e \\u0026 \xc3\xbc",\n  "list": []\n}'
    assert event({"a": [1, 2]}) == b'data: {"a": [1,2]}\r\n\r\n'
    pieces = array_pieces([{"a": 1}, {"a": 2}])
    assert b"".join(pieces) == b'[{\n  "a": 1\n}\n,\r\n{\n  "a": 2\n}\n]'
    assert len(pieces) == 2


def test_gzip_can_be_read_after_each_piece_and_is_always_the_same() -> None:
    pieces = [b"one ", b"two ", b"three"]
    packed = gzip_pieces(pieces)
    assert len(packed) == 3
    assert gzip.decompress(b"".join(packed)) == b"one two three"
    assert packed == gzip_pieces(pieces)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2)])
def test_four_bytes_are_a_token(text: str, tokens: int) -> None:
    assert text_tokens(text) == tokens


def test_contents_are_counted_by_modality() -> None:
    parts = [
        {"text": "12345678"},
        {"inlineData": {"mimeType": "image/png", "data": ""}},
        {"inline_data": {"mime_type": "audio/wav", "data": "A" * 64_000}},
        {"fileData": {"mimeType": "application/pdf", "fileUri": "x"}},
        {"fileData": {"mimeType": "video/mp4", "fileUri": "x"}},
    ]
    assert contents_tokens([{"parts": parts}]) == {
        "TEXT": 2, "IMAGE": 258, "AUDIO": 128, "DOCUMENT": 258, "VIDEO": 7890,
    }  # fmt: skip


def test_a_schema_is_filled_with_references_enums_and_lists() -> None:
    schema = {
        "$defs": {"Item": {"type": "object", "properties": {"n": {"type": "integer"}}}},
        "type": "OBJECT",
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}, "minItems": 3},
            "mood": {"type": "STRING", "enum": ["calm"]},
            "maybe": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
        },
    }
    made = filled(schema, dice(1))
    assert [type(each["n"]) for each in made["items"]] == [int] * 3
    assert made["mood"] == "calm"
    assert isinstance(made["maybe"], bool)


def test_a_schema_that_holds_itself_comes_to_an_end() -> None:
    schema = {"type": "object", "properties": {"next": {"$ref": "#"}}}
    assert json.dumps(filled(schema, dice(1))).count("next") < 10


def test_prose_has_about_the_length_asked_for_and_repeats() -> None:
    text = prose(dice(3), 500)
    assert 350 < text_tokens(text) < 650
    assert text == prose(dice(3), 500)
    assert len({len(char.encode()) for char in text}) == 4  # cuts fall inside letters


def test_pictures_are_pictures() -> None:
    assert picture(dice(1)).startswith("iVBORw0KGgo")


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("gemini-flash-latest", "gemini-3.8-flash"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("sim-quota_429", "gemini-2.5-flash"),
        ("gemini-9-ultra", "gemini-9-ultra"),
    ],
)
def test_aliases_and_unknown_models_are_served(asked: str, served: str) -> None:
    assert is_served(asked)
    assert model_named(asked).name == served


def test_at_pace_nought_a_plan_is_one_write_and_faults_keep_their_time() -> None:
    plan = (Send(b"a"), Wait(2.0), Send(b"b"), Wait(0.5, paced=False), Send(b"c"), End())
    fault = Wait(0.5, paced=False)
    assert at_pace(plan, 0) == (Send(b"ab"), fault, Send(b"c"), End())
    assert at_pace(plan, 0.5)[1] == Wait(1.0, paced=False)
