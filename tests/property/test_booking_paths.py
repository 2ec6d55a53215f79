"""The quick way to a row writes the bytes that the general way writes."""

import gzip
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from hypothesis import given
from hypothesis import strategies as st

from weighbridge.attribution.identity import Identity
from weighbridge.core.outcome import Note, Outcome, Reason
from weighbridge.gateway.answer_heads import AnswerHead
from weighbridge.gateway.booking import Booker
from weighbridge.gateway.tee import Observer
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.providers.base import NOTHING_ASKED, Asked, Route
from weighbridge.providers.google_usage import LARGEST_COUNT
from weighbridge.providers.inflate import decoding
from weighbridge.providers.registry import Registry

if TYPE_CHECKING:
    from weighbridge.gateway.answering import Answering

BOOK = PriceBook.load()
REGISTRY = Registry()
# A free model, one that nobody knows, one with a cliff, one whose prices change.
MODELS = [
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "gemini-2.0-flash-lite",
    "gemini-embedding-001",
    "gemma-3-27b-it",
    "nobody-knows",
]
CHANGES_US = [
    day_us + moment
    for day in BOOK.change_days()
    for day_us in [(day.toordinal() - 719_163) * 86_400_000_000]
    for moment in (-1, 0, 1)
]
MOMENTS = st.sampled_from(CHANGES_US) | st.integers(1_700_000_000_000_000, 1_900_000_000_000_000)

SMALL = st.integers(0, 3)
SIZES = (
    SMALL | st.sampled_from([8191, 8192, 200_000, 200_001, LARGEST_COUNT]) | st.integers(0, 10**7)
)
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, 0, -1, 5, 1.0, True, "1", "TEXT", "", [], {}, [{}], {"a": 1}, LARGEST_COUNT + 1, 1 << 70]
)
WORDS: st.SearchStrategy[Any] = st.sampled_from(
    ["STOP", "MAX_TOKENS", "NEW_REASON", "no word", "gemini-2.5-flash-001",
     "models/gemini-2.5-pro", "standard", "flex", "FLEX", "priority", "ON_DEMAND",
     "ON_DEMAND_FLEX", "PROVISIONED_THROUGHPUT", "é", '"', None, 1, 2]
)  # fmt: skip
PLACES = [
    ("candidates", "finishReason"),
    ("candidates", "groundingMetadata"),
    ("candidates", "urlContextMetadata"),
    ("candidates", "index"),
    ("part", "executableCode"),
    ("part", "codeExecutionResult"),
    ("usage", "promptTokenCount"),
    ("usage", "candidatesTokenCount"),
    ("usage", "thoughtsTokenCount"),
    ("usage", "totalTokenCount"),
    ("usage", "cachedContentTokenCount"),
    ("usage", "toolUsePromptTokenCount"),
    ("usage", "promptTokensDetails"),
    ("usage", "promptTokenDetails"),
    ("usage", "candidatesTokensDetails"),
    ("usage", "cacheTokensDetails"),
    ("usage", "serviceTier"),
    ("usage", "trafficType"),
    ("document", "modelVersion"),
    ("document", "promptFeedback"),
    ("document", "error"),
    ("document", "candidates"),
    ("document", "usageMetadata"),
]


@st.composite
def everyday_documents(draw: st.DrawFn) -> dict[str, Any]:
    """An answer of text, whose counts add up."""
    prompt, output, thoughts = draw(SIZES), draw(SIZES), draw(SIZES | st.none())
    usage: dict[str, Any] = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": output,
        "totalTokenCount": prompt + output + (thoughts or 0),
    }
    if thoughts is not None:
        usage["thoughtsTokenCount"] = thoughts
    for name, count in (("promptTokensDetails", prompt), ("candidatesTokensDetails", output)):
        if draw(st.booleans()):
            usage[name] = [{"modality": "TEXT", "tokenCount": count}]
    if draw(st.booleans()):
        usage["serviceTier"] = draw(st.sampled_from(["standard", "flex"]))
    return {
        "candidates": [
            {"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": usage,
        "modelVersion": draw(st.sampled_from(MODELS)),
        "responseId": "x",
    }


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """The same with a thing or two put wrong."""
    document = draw(everyday_documents())
    candidate = document["candidates"][0]
    whole = {
        "document": document,
        "candidates": candidate,
        "part": candidate["content"]["parts"][0],
        "usage": document["usageMetadata"],
    }
    wrong = st.lists(st.sampled_from(PLACES), max_size=2)
    for where, name in draw(st.just([]) | wrong):
        if draw(st.integers(0, 4)):
            whole[where][name] = draw(ODD | WORDS | SMALL)
        else:
            whole[where].pop(name, None)
    if not draw(st.integers(0, 39)):
        document["candidates"] = draw(st.sampled_from([[], [candidate, candidate], None]))
    text = json.dumps(document, indent=draw(st.sampled_from([None, 2]))).encode()
    return draw(st.sampled_from([text] * 40 + [b" " + text, text[:-1], b"[" + text + b"]", b""]))


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, bytes | None]:
    """A document as it is sent, with its content coding, which now and then is a lie."""
    text = draw(documents())
    if draw(st.booleans()):
        return text, draw(st.sampled_from([None] * 20 + [b"gzip"]))
    packed = gzip.compress(text, 1, mtime=0)
    odd = [packed[:-1], packed + b"\0", packed + packed, packed + gzip.compress(b" "), b""]
    return draw(st.sampled_from([packed] * 20 + odd)), b"gzip"


@st.composite
def routes(draw: st.DrawFn) -> Route:
    surface = draw(st.sampled_from(["gemini", "vertex"]))
    return Route(
        provider="google",
        surface=surface,
        upstream=surface,
        host="h",
        operation=draw(st.sampled_from(["generateContent"] * 8 + ["embedContent", "countTokens"])),
        model=draw(st.sampled_from(MODELS)),
        location=draw(st.sampled_from([None, "global", "us-central1"])),
        metered=True,
        free=draw(st.sampled_from([False] * 40 + [True])),
    )


class _Nowhere:
    """Journal and marks of a booker that writes to neither."""

    healthy = True

    def append(self, line: bytes, slot: int) -> None:
        raise AssertionError

    def begin(self, payload: bytes) -> int:
        return 0

    def update(self, slot: int, payload: bytes) -> int:
        return slot


NOTHING = cast("Any", None)
# One for all examples: what it remembers of one call must suit the next.
BOOKER = Booker(
    node="n",
    rates=BOOK,
    journal=_Nowhere(),
    in_flight=_Nowhere(),
    counters=NOTHING,
    turn=NOTHING,
)
SOMEBODY = Identity(token_id="tok_1", department="dé", labels={"k": "v"})


class _Ended(SimpleNamespace):
    """An exchange that has ended; one that was `answered` whole is observed when it is asked."""

    answered: AnswerHead | None

    def observed(self) -> Observer | None:
        if self.answered is not None:
            self.observer = self.observe(self.answered)
            self.answered = None
        return cast("Observer | None", self.observer)


def ended(route: Route, body: bytes, /, **changed: Any) -> "Answering":
    """An exchange that ended well with that body, but for what is changed."""
    fields: dict[str, Any] = {
        "exchange_id": "01920000-0000-7000-8000-000000000000",
        "identity": Identity(token_id="tok_1"),
        "started_us": 1_795_000_000_000_000,
        "started_ns": 5_000_000,
        "first_byte_ns": 6_500_999,
        "ended_ns": 7_500_000,
        "overhead_ns": 60_999,
        "route": route,
        "status": 200,
        "outcome": Outcome.OK,
        "reason": None,
        "request_bytes": 11,
        "response_bytes": len(body),
        "streamed": False,
        "complete": True,
        "upstream_began": True,
        "unread": (body,),
        "asked": NOTHING_ASKED,
        "notes": (),
        "labels_sent": None,
        "at_once": False,
        "content_type": b"application/json; charset=UTF-8",
        "encoding": None,
    } | changed
    head = AnswerHead(fields["status"], b"")
    head.content_type, head.content_encoding = fields.pop("content_type"), fields.pop("encoding")

    def observe(head: AnswerHead) -> Observer | None:
        if fields["route"] is None or not fields["route"].metered:
            return None
        reader = REGISTRY.provider(route.surface).reader(route, head.status, head.content_type)
        return Observer(decoding(reader, head.content_encoding))

    whole = (
        fields.pop("at_once")
        and fields["complete"]
        and fields["reason"] is None
        and (fields["status"], fields["outcome"], len(fields["unread"])) == (200, Outcome.OK, 1)
    )
    fields["answered"] = head if whole else None
    fields["observer"] = None if whole else observe(head)
    exchange = cast("Answering", _Ended(observe=observe, **fields))
    exchange.mark = BOOKER.mark(exchange.route, exchange.identity)
    BOOKER.begin(exchange)
    return exchange


@st.composite
def exchanges(draw: st.DrawFn) -> "Answering":
    """An exchange that mostly ended well."""

    def seldom(usual: Any, *others: Any) -> Any:
        return draw(st.sampled_from([usual] * 40 + list(others)))

    route, (body, encoding) = draw(routes()), draw(bodies())
    middle = draw(st.integers(0, len(body)))
    exchange = ended(
        route,
        body,
        identity=seldom(SOMEBODY, Identity(), Identity(free_tier=True)),
        started_us=draw(MOMENTS),
        first_byte_ns=seldom(6_500_999, 0),
        ended_ns=draw(st.integers(6_500_999, 10**10)),
        route=seldom(route, None),
        status=seldom(200, 200, 206, 429),
        outcome=seldom(Outcome.OK, Outcome.CLIENT_CLOSED),
        reason=seldom(None, Reason.UPSTREAM_TIMEOUT),
        streamed=seldom(False, True),
        complete=seldom(True, False),
        unread=draw(st.sampled_from([(body,), (body[:middle], body[middle:])]) | st.just(())),
        asked=seldom(NOTHING_ASKED, Asked(model="gemini-2.5-pro")),
        notes=seldom((), (Note.TOTAL_MISMATCH,)),
        labels_sent=seldom(None, {"team": "a"}),
        at_once=draw(st.booleans()),
        content_type=seldom(b"application/json; charset=UTF-8", b"text/event-stream"),
        encoding=encoding,
    )
    if not draw(st.integers(0, 39)) and exchange.observer is not None:
        exchange.observer.feed(body[:5])
    return exchange


@given(exchanges())
def test_both_ways_write_the_same_row(exchange: "Answering") -> None:
    """Whatever the answer and the call, the quick way is the general one, or steps back."""
    quick = BOOKER._everyday_line(exchange)
    general = BOOKER._line(exchange, BOOKER._reading(exchange))
    assert quick in (None, general)


@given(
    prompt=st.integers(1, 10_000),
    output=st.integers(1, 10_000),
    thoughts=st.integers(0, 100),
    started_us=MOMENTS,
    way=st.sampled_from(["at once", "in pieces", "packed"]),
)
def test_the_everyday_takes_the_quick_way(
    prompt: int, output: int, thoughts: int, started_us: int, way: str
) -> None:
    """Or the test above would compare nothing."""
    document = {
        "candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": prompt,
            "candidatesTokenCount": output,
            "thoughtsTokenCount": thoughts,
            "totalTokenCount": prompt + output + thoughts,
        },
        "modelVersion": "gemini-2.5-flash",
    }
    route = Route(
        provider="google",
        surface="gemini",
        upstream="gemini",
        host="h",
        operation="generateContent",
        model="gemini-2.5-flash",
        metered=True,
    )
    body = json.dumps(document).encode()
    packed = gzip.compress(body)
    sent: dict[str, dict[str, Any]] = {
        "at once": {"at_once": True},
        "in pieces": {"unread": (body[:20], body[20:])},
        "packed": {"unread": (packed[:20], packed[20:]), "encoding": b"gzip"},
    }
    exchange = ended(route, body, started_us=started_us, **sent[way])
    quick = BOOKER._everyday_line(exchange)
    assert quick is not None
    assert quick == BOOKER._line(exchange, BOOKER._reading(exchange))


NUMBERS = st.sampled_from([
    "7", "2", "9", "7.0", "7e0", "70e-1", "-0", "0", "07", "+7", '"7"', "true", "null", "1e400",
    "9" * 30, "9007199254740993", "18446744073709551616", "[7]", "NaN",
])  # fmt: skip
NAMES = st.sampled_from([
    "promptTokenCount", "candidatesTokenCount", "totalTokenCount", "thoughtsTokenCount",
    "cachedContentTokenCount", "prompt_token_count", "prompt\\u0054okenCount", "PromptTokenCount",
])  # fmt: skip
TEXTS = st.sampled_from([
    '"gemini-2.5-flash"', '"gemini-2.5-flash\\u0000"', '"gemini-2.5-flash\x00"', '"\\ud800"', "7",
    '"\\u0067emini-2.5-flash"', '"models/gemini-2.5-flash"', '"gemini-2.5-pro"', '""', "null",
])  # fmt: skip
MEMBERS = st.one_of(
    st.builds('"usageMetadata":{{"{}":{},"{}":{}}}'.format, NAMES, NUMBERS, NAMES, NUMBERS),
    st.builds('"modelVersion":{}'.format, TEXTS),
    st.builds('"candidates":[{{"finishReason":{}}}]'.format, TEXTS),
    st.builds('"x":{{"usageMetadata":{{"promptTokenCount":{}}}}}'.format, NUMBERS),
    st.sampled_from([
        '"error":null', '"error":{"code":429}', '"promptFeedback":{}', '"usageMetadata":null',
        '"candidates":[{"content":{"parts":[{"executableCode":{}}]},"finishReason":"STOP"}]',
        '"candidates":[{"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["a"]}}]',
        '"usage\\u004detadata":{"promptTokenCount":1}', '"x":"\\"usageMetadata\\":{"', '"x":' +
        "[" * 700 + "]" * 700,
    ]),
)  # fmt: skip
PLAIN = (
    '"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}],"usageMetadata":'
    '{"promptTokenCount":7,"candidatesTokenCount":2,"totalTokenCount":9},'
    '"modelVersion":"gemini-2.5-flash"'
)


@given(
    before=st.lists(MEMBERS, max_size=2),
    after=st.lists(MEMBERS, max_size=2),
    wrap=st.sampled_from(["{%s}"] * 8 + ["\ufeff{%s}", "{%s}\0", "{%s} {}", "{%s,}", "[{%s}]"]),
    number=NUMBERS,
    at_once=st.booleans(),
)
def test_both_ways_read_odd_writing_the_same(
    before: list[str], after: list[str], wrap: str, number: str, *, at_once: bool
) -> None:
    """M12: members given twice, numbers in other forms, escapes, what stands around."""
    plain = PLAIN.replace(":7,", f":{number},")
    body = (wrap % ",".join([*before, plain, *after])).encode()
    route = Route(
        provider="google",
        surface="gemini",
        upstream="gemini",
        host="h",
        operation="generateContent",
        model="gemini-2.5-flash",
        metered=True,
    )
    exchange = ended(route, body, at_once=at_once)
    quick = BOOKER._everyday_line(exchange)
    general = BOOKER._line(exchange, BOOKER._reading(exchange))
    assert quick in (None, general)
