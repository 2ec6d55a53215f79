"""One Live session: what its messages say of model, turns, usage and errors."""

from typing import Any

import pytest
from live_messages import message, setup, sound, turn_end, usage

from weighbridge.core.outcome import Note, UsageSource
from weighbridge.providers.base import Reading
from weighbridge.providers.live import LiveSession
from weighbridge.providers.live_messages import LiveSetup


def _session(*messages: bytes) -> LiveSession:
    session = LiveSession("gemini")
    session.from_client(setup())
    for each in messages:
        session.from_server(each)
    return session


def _reading(*messages: bytes) -> Reading:
    return _session(*messages).reading(cut=False)


def _counts(reading: Reading) -> tuple[int | None, int | None, int | None]:
    usage = reading.usage
    return usage.input_tokens, usage.output_tokens, usage.total_tokens


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("models/gemini-3.8-live", LiveSetup("gemini-3.8-live")),
        ("publishers/google/models/gemini-live-2.5-flash", LiveSetup("gemini-live-2.5-flash")),
        (
            "projects/p-1/locations/us-central1/publishers/google/models/gemini-live-2.5-flash",
            LiveSetup("gemini-live-2.5-flash", location="us-central1", cloud_project="p-1"),
        ),
        ("what is love?", LiveSetup()),
        ("x" * 300, LiveSetup()),
    ],
)
def test_the_setup_names_the_model(name: str, told: LiveSetup) -> None:
    """On Vertex it is the only place that names location and project."""
    session = LiveSession("vertex")
    session.from_client(setup(name))

    assert (session.set_up, session.setup) == (True, told)


def test_a_setup_that_is_too_long_to_keep_still_names_its_model() -> None:
    """Of a long system instruction the rest is missing; the model stands before it."""
    session = LiveSession("gemini")
    session.from_client(setup()[:60] + b'"systemInstruction": {"parts": [{"text": "Once upon')

    assert session.setup.model == "gemini-3.8-live"


def test_what_is_no_setup_says_nothing() -> None:
    """A model's name elsewhere is somebody else's."""
    session = LiveSession("gemini")
    session.from_client(message({"clientContent": {"turns": [{"text": "setup"}]}}))
    session.from_client(message({"setup": {"model": 7}}))
    session.from_client(setup())

    assert session.setup == LiveSetup()


def test_turns_are_summed_with_their_modalities() -> None:
    """S7: every turn has the whole session as its prompt, and is billed so."""
    reading = _reading(
        message({"setupComplete": {}}),
        *(sound(), turn_end(143, 19)),
        *(sound(), turn_end(181, 24)),
        *(sound(), turn_end(224, 24)),
    )
    usage = reading.usage

    assert _counts(reading) == (548, 67, 615)
    assert (usage.input_audio_tokens, usage.input_text_tokens) == (273, 275)
    assert (usage.output_audio_tokens, usage.output_text_tokens) == (67, 0)
    assert usage.cliff_tokens == 224
    assert reading.usage_source is UsageSource.FINAL


@pytest.mark.parametrize(
    "messages",
    [
        [sound(), turn_end(10, 4), sound(), turn_end(20, 6)],
        [
            *(sound(), message({"usageMetadata": usage(10, 1)}), turn_end(10, 4)),
            *(message({"usageMetadata": usage(20, 3)}), sound(), turn_end(20, 6)),
        ],
        [
            *(sound(), message({"serverContent": {"turnComplete": True}})),
            *(message({"usageMetadata": usage(10, 4)}), sound()),
            *(message({"serverContent": {"generationComplete": True}}), turn_end(20, 6)),
        ],
        [turn_end(10, 4), turn_end(20, 6)],
        [sound(), turn_end(10, 4), message({"usageMetadata": usage(10, 4)}), turn_end(20, 6)],
        [
            *(sound(), message({"serverContent": {"interrupted": True}}), turn_end(10, 4)),
            *(message({"serverContent": {"turnComplete": True}}), sound(), turn_end(20, 6)),
        ],
    ],
    ids=["plain", "snapshots", "usage alone", "no content", "told twice", "interrupted"],
)
def test_reports_of_one_turn_are_one_turns_usage(messages: list[bytes]) -> None:
    """S1: within a turn the last seen wins; a turn is never counted twice, none is left out."""
    session = _session(*messages)
    reading = session.reading(cut=False)

    assert _counts(reading) == (30, 10, 40)
    assert (reading.usage_source, session.turns) == (UsageSource.FINAL, 2)


@pytest.mark.parametrize("content", [True, False])
def test_a_tool_call_ends_a_generation_that_is_billed_too(content: bool) -> None:
    """What follows has the function's answer in its prompt: another generation, same turn."""
    call = {"toolCall": {"functionCalls": [{"id": "1", "name": "f", "args": {}}]}}
    after = [sound()] if content else []
    session = _session(message(call | {"usageMetadata": usage(100, 8)}), *after, turn_end(150, 20))

    assert _counts(session.reading(cut=False)) == (250, 28, 278)
    assert session.turns == 1


def test_a_tool_call_whose_generation_goes_on_is_counted_once() -> None:
    """The same prompt again is a later snapshot of the same tokens."""
    call = message({"toolCall": {"functionCalls": [{"name": "f"}]}, "usageMetadata": usage(100, 8)})
    reading = _reading(sound(), call, call, sound(), turn_end(100, 30))

    assert _counts(reading) == (100, 30, 130)


def test_thoughts_may_stand_outside_the_total() -> None:
    """As reported on discuss.ai.google.dev/t/188765: 522 + 42 = 564, and 136 thoughts beside."""
    end = message(
        {
            "serverContent": {"turnComplete": True},
            "usageMetadata": {
                "promptTokenCount": 522,
                "responseTokenCount": 42,
                "totalTokenCount": 564,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 332},
                    {"modality": "AUDIO", "tokenCount": 165},
                ],
                "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 42}],
                "thoughtsTokenCount": 136,
            },
        }
    )
    reading = _reading(sound(), end)
    usage = reading.usage

    assert _counts(reading) == (522, 42, 564)
    assert usage.thinking_tokens == 136
    assert (usage.input_text_tokens, usage.input_audio_tokens) == (357, 165)
    assert (usage.output_text_tokens, usage.output_audio_tokens) == (0, 42)
    assert reading.notes == (Note.THINKING_OUTSIDE_TOTAL,)


def test_thoughts_inside_the_total_need_no_remark() -> None:
    """As generateContent counts them."""
    reading = _reading(sound(), turn_end(100, 10, thoughtsTokenCount=5, totalTokenCount=115))

    assert (reading.usage.thinking_tokens, reading.notes) == (5, ())


def test_vertex_counts_under_the_names_of_generate_content() -> None:
    """`candidatesTokenCount` stands for `responseTokenCount` where that is missing."""
    told = {
        "promptTokenCount": 10,
        "candidatesTokenCount": 4,
        "totalTokenCount": 14,
        "trafficType": "PROVISIONED_THROUGHPUT",
    }
    reading = _reading(
        sound(), message({"serverContent": {"turnComplete": True}, "usageMetadata": told})
    )

    assert _counts(reading) == (10, 4, 14)
    assert reading.service_tier == "provisioned"


@pytest.mark.parametrize(
    ("last", "source"),
    [
        ([], UsageSource.FINAL),
        ([message({"goAway": {"timeLeft": "10s"}})], UsageSource.FINAL),
        ([sound()], UsageSource.PARTIAL),
        ([sound(), message({"usageMetadata": usage(20, 3)})], UsageSource.PARTIAL),
        ([sound(), message({"serverContent": {"turnComplete": True}})], UsageSource.PARTIAL),
    ],
    ids=["whole", "going away", "answering", "snapshot only", "never reported"],
)
def test_a_session_that_ends_in_mid_turn_is_a_lower_bound(
    last: list[bytes], source: UsageSource
) -> None:
    """What was generated and not reported is billed all the same."""
    assert _reading(sound(), turn_end(10, 4), *last).usage_source is source


def test_a_turn_that_was_never_reported_is_not_forgotten() -> None:
    """Later turns do not make up for it."""
    silent = [sound(), message({"serverContent": {"turnComplete": True}})]
    reading = _reading(*silent, sound(), turn_end(20, 6))

    assert _counts(reading) == (20, 6, 26)
    assert reading.usage_source is UsageSource.PARTIAL


@pytest.mark.parametrize(
    "messages",
    [[], [sound()], [message({"serverContent": {"audioChunks": [{"data": "AAAA"}]}})]],
    ids=["nothing", "cut at once", "music"],
)
def test_what_reports_nothing_is_not_zero(messages: list[bytes]) -> None:
    """Missing is not zero: nothing is made up."""
    reading = _reading(*messages)

    assert _counts(reading) == (None, None, None)
    assert reading.usage_source is UsageSource.NONE


@pytest.mark.parametrize(
    "broken",
    [
        b'{"usageMetadata": {"promptTokenCount": ',
        b'{"usageMetadata": 7}',
        b"\xff\xfe usageMetadata",
        b'{"usageMetadata": {"promptTokenCount": -1, "responseTokenCount": "many"}}',
    ],
)
def test_what_cannot_be_read_breaks_nothing(broken: bytes) -> None:
    """M12: no credit, no crash; alone it is `unparsed`, beside others it leaves them stand."""
    alone = _reading(broken)
    beside = _reading(sound(), turn_end(10, 4), sound(), broken)

    assert alone.usage_source is UsageSource.UNPARSED
    assert _counts(beside) == (10, 4, 14)
    assert beside.usage_source is UsageSource.PARTIAL


def test_searches_are_counted_by_turn() -> None:
    """M7: unique queries within an answer; of each grounded turn one prompt, for older models."""

    def grounded(*queries: str) -> bytes:
        found: dict[str, Any] = {"webSearchQueries": list(queries), "searchEntryPoint": {}}
        return message({"serverContent": {"groundingMetadata": found}})

    reading = _reading(
        *(sound(), grounded("a", "b"), grounded("a", "b", ""), turn_end(10, 4)),
        *(sound(), grounded("a"), turn_end(20, 4)),
        *(sound(), turn_end(30, 4)),
    )
    usage = reading.usage

    assert (usage.search_queries, usage.search_prompts, usage.grounded_by_search) == (3, 2, True)


def test_code_that_ran_bills_its_tokens() -> None:
    """M5: with code execution tool-use tokens are charged."""
    ran = {"executableCode": {"code": "print(6 * 7)"}}
    code = message({"serverContent": {"modelTurn": {"parts": [ran]}}})
    reading = _reading(code, turn_end(10, 4, toolUsePromptTokenCount=7, totalTokenCount=21))

    assert (reading.usage.tool_use_input_tokens, reading.usage.url_context_or_code) == (7, True)


def test_of_a_message_too_long_to_keep_its_end_still_counts() -> None:
    """What follows the last usage in it decodes; sound that spells the word does not."""
    end = b'QUJDusageMetadata"}}]}, "turnComplete": true}, "usageMetadata": {"promptTokenCount": 10'
    session = _session(sound(), turn_end(5, 1))
    told = session.from_server(
        end + b', "responseTokenCount": 4, "totalTokenCount": 14}}', whole=False
    )

    assert told
    assert session.turns == 2
    assert _counts(session.reading(cut=False)) == (15, 5, 20)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (None, None),
        (1000, None),
        (1001, None),
        (1007, "INVALID_ARGUMENT"),
        (1008, "FAILED_PRECONDITION"),
        (1011, "INTERNAL"),
        (4321, "UNRECOGNISED"),
    ],
)
def test_a_close_code_is_an_error_or_none(code: int | None, error: str | None) -> None:
    """P2: the reason beside it is text and is never looked at."""
    session = _session(sound(), turn_end(10, 4))
    session.closed(code)
    reading = session.reading(cut=False)

    assert (reading.error_type, reading.error_in_stream) == (error, error is not None)
    assert _counts(reading) == (10, 4, 14)


def test_an_error_object_among_the_messages_is_one() -> None:
    """S3 in a session."""
    reading = _reading(message({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}))

    assert (reading.error_type, reading.error_status) == ("RESOURCE_EXHAUSTED", 429)


def test_a_generation_that_is_told_of_is_news() -> None:
    """So that a session under way can be shown; a piece of sound is none."""
    session = LiveSession("gemini")

    assert [
        session.from_server(each)
        for each in (sound(), turn_end(10, 4), sound(), message({"goAway": {}}))
    ] == [False, True, False, False]


@pytest.mark.parametrize(
    "part",
    [
        {"inlineData": {"data": "QUJD" * 2000}},
        {"functionCall": {"args": {"data": 'he said "data": "x", then left', "n": 5}}},
        {"functionCall": {"args": {"data": 5}}},
        {"text": '"data"'},
    ],
)
def test_sound_is_skipped_and_what_follows_it_is_not(part: dict[str, Any]) -> None:
    """Whatever is called `data`, usage behind it counts."""
    end = message(
        {
            "serverContent": {"modelTurn": {"parts": [part, part]}, "turnComplete": True},
            "usageMetadata": usage(10, 4),
        }
    )

    assert _counts(_reading(end)) == (10, 4, 14)


def test_what_is_odd_beside_the_usage_costs_the_usage_nothing() -> None:
    """Grounding of an unknown shape is no grounding; the tokens are counted."""
    end = message(
        {
            "serverContent": {"turnComplete": True, "groundingMetadata": [7]},
            "usageMetadata": usage(10, 4),
        }
    )

    assert _counts(_reading(sound(), end)) == (10, 4, 14)
