"""What the model does in a Live session: messages in, moves out, no socket.

As the real API: the first message is the setup; a turn is answered with sound (or text) in
pieces, `generationComplete`, then `turnComplete` with the turn's usage, whose prompt is all of
the session so far; a function is called once where some are offered; who speaks meanwhile
interrupts. Music has no turns and no usage. Counterpart: `live_connection` plays the moves.
"""

import random
from typing import Any

import msgspec

from weighbridge.simulator.dice import dice
from weighbridge.simulator.filler import filled
from weighbridge.simulator.live_faults import (
    NO_FAULT,
    Close,
    Fault,
    Move,
    Pause,
    Say,
    fault_named,
    fault_of_model,
)
from weighbridge.simulator.messages import Document
from weighbridge.simulator.prose import opaque, prose, web_safe_id
from weighbridge.simulator.tokens import add_counts, contents_tokens, text_tokens

_PIECE_BYTES = 9_600  # a fifth of a second of 16-bit PCM at 24 kHz
_PIECE_TOKENS = 5
_PIECE_S = 0.2
_HEARD_BYTES_PER_TOKEN = 1_280  # base64 of 16 kHz PCM, 32 tokens a second
_UNLISTED = 5  # tokens a turn that no details list names
_MUSIC = "audio/l16;rate=48000;channels=2"
_MUSIC_PIECES = 20
_NO_SETUP = Close(1007, "Request contains an invalid argument.")
_NO_MODEL = Close(1008, "models/does-not-exist is not found, or is not supported for Live.")


class LiveSession:
    """One session from its setup to its end; the same messages always give the same answers.

    `heard` is what was sent since the last turn, `context` what every later prompt holds.
    """

    def __init__(self, *, vertex: bool, music: bool, seed: str, fault: str = "") -> None:
        self._vertex = vertex
        self._music = music
        self._seed = seed
        self.fault: Fault = fault_named(fault) or NO_FAULT
        self._setup: Document | None = None
        self._context: dict[str, int] = {}
        self._heard: dict[str, int] = {}
        self._unlisted = 0
        self._turns = 0
        self._said = 0
        self._called = False
        self._thinks = False

    def __repr__(self) -> str:
        return f"<LiveSession {self._turns} turns, context {sum(self._context.values())}>"

    def receive(self, message: Document) -> tuple[list[Move], bool]:
        """Moves that answer a message, and whether it interrupts what is being played."""
        message = _in_camel_case(message)
        if self._setup is None:
            setup = message.get("setup")
            return (self._begin(setup) if isinstance(setup, dict) else [_NO_SETUP]), False
        if self._music:
            control = message.get("playbackControl")
            return (self._play() if control == "PLAY" else []), control in {"PAUSE", "STOP"}
        speaks = self._hear(message)
        ends = _ends_turn(message)
        return (self._turn() if ends else []), speaks

    def interrupted(self) -> list[Move]:
        """What is said where the client speaks into an answer: what was made is billed."""
        if self._music:
            return []
        return [
            Say({"serverContent": {"interrupted": True}}),
            *self._end({"AUDIO": self._said}, 0),
        ]

    def said(self, tokens: int) -> None:
        """A piece of the answer has left."""
        self._said += tokens

    def _begin(self, setup: Document) -> list[Move]:
        self._setup = setup
        model = str(setup.get("model", ""))
        if self.fault is NO_FAULT:
            self.fault = fault_of_model(model.rpartition("/")[2]) or NO_FAULT
        if not model or "does-not-exist" in model:
            return [_NO_MODEL]
        self._thinks = "3.8" in model
        self._context = contents_tokens(setup.get("systemInstruction"))
        done: Document = {"setupComplete": {"sessionId": self._id()} if self._vertex else {}}
        return self.fault.begin([Say(done)])

    def _hear(self, message: Document) -> bool:
        """Counts what was sent; gives whether it may interrupt."""
        content = message.get("clientContent")
        if isinstance(content, dict):
            self._heard = add_counts(self._heard, contents_tokens(content.get("turns")))
            return True
        told = message.get("toolResponse")
        if isinstance(told, dict):
            self._heard = add_counts(self._heard, {"TEXT": text_tokens(str(told))})
            return False
        live = message.get("realtimeInput")
        if not isinstance(live, dict):
            return False
        media = live.get("mediaChunks") or [live.get("audio") or live.get("video") or {}]
        for chunk in media if isinstance(media, list) else []:
            kind = "VIDEO" if str(chunk.get("mimeType", "")).startswith("image/") else "AUDIO"
            tokens = -(-len(str(chunk.get("data", ""))) // _HEARD_BYTES_PER_TOKEN)
            self._heard = add_counts(self._heard, {kind: tokens})
        if text := live.get("text"):
            self._heard = add_counts(self._heard, {"TEXT": text_tokens(str(text))})
        return bool(text) or "activityStart" in live

    def _turn(self) -> list[Move]:
        """The answer to all that was heard."""
        assert self._setup is not None
        self._context = add_counts(self._context, self._heard)
        self._heard = {}
        self._unlisted += _UNLISTED
        self._said = 0
        roll = dice(self._seed, self._turns)
        function = _offered(self._setup)
        if function is not None and not self._called:
            self._called = True
            return self._call(function, roll)
        pieces, made = self._answer(self._setup, roll)
        thinking = roll.randint(20, 140) if self._thinks else 0
        self._turns += 1
        complete: Move = Say({"serverContent": {"generationComplete": True}})
        return self.fault.turn(pieces, [complete, *self._end(made, thinking)], self._turns)

    def _answer(self, setup: Document, roll: random.Random) -> tuple[list[Move], dict[str, int]]:
        if _modality(setup) == "TEXT":
            text = prose(roll, roll.randint(20, 60))
            step = len(text) // 4 + 1
            said = [_content({"text": text[at : at + step]}) for at in range(0, len(text), step)]
            return [Say(each) for each in said], {"TEXT": text_tokens(text)}
        moves: list[Move] = []
        count = roll.randint(4, 9)
        for _ in range(count):
            data = {"mimeType": "audio/pcm;rate=24000", "data": opaque(roll, _PIECE_BYTES)}
            moves += [Say(_content({"inlineData": data}), _PIECE_TOKENS), Pause(_PIECE_S)]
            if "outputAudioTranscription" in setup:
                moves.append(Say({"serverContent": {"outputTranscription": {"text": "weighed "}}}))
        return moves, {"AUDIO": _PIECE_TOKENS * count}

    def _call(self, function: Document, roll: random.Random) -> list[Move]:
        schema = function.get("parameters") or function.get("parametersJsonSchema") or {}
        call = {"id": self._id(), "name": function.get("name"), "args": filled(schema, roll) or {}}
        made = {"TEXT": text_tokens(str(call))}
        usage = self._usage(made, 0)
        self._context = add_counts(self._context, made)
        return [Say({"toolCall": {"functionCalls": [call]}, "usageMetadata": usage})]

    def _end(self, made: dict[str, int], thinking: int) -> list[Move]:
        usage = self._usage(made, thinking)
        self._context = add_counts(self._context, made)
        ends: Document = {"serverContent": {"turnComplete": True}, "usageMetadata": usage}
        moves: list[Move] = [Say(self.fault.end(ends))]
        if self._setup is not None and "sessionResumption" in self._setup:
            update = {"newHandle": self._id(), "resumable": True}
            moves.append(Say({"sessionResumptionUpdate": update}))
        return moves

    def _usage(self, made: dict[str, int], thinking: int) -> Document:
        """The prompt is the whole session; thoughts stand beside the total (reported so).

        Vertex names the answer's count as generateContent does (google-genai's converters).
        """
        prompt = sum(self._context.values()) + self._unlisted
        answer = "candidates" if self._vertex else "response"
        usage: Document = {
            "promptTokenCount": prompt,
            f"{answer}TokenCount": sum(made.values()),
            "totalTokenCount": prompt + sum(made.values()),
            "promptTokensDetails": _details(self._context),
            f"{answer}TokensDetails": _details(made),
            "thoughtsTokenCount": thinking,
            "trafficType": "ON_DEMAND" if self._vertex else None,
            "serviceTier": None if self._vertex else "standard",
        }
        return {name: value for name, value in usage.items() if value}

    def _play(self) -> list[Move]:
        roll = dice(self._seed, "music")
        moves: list[Move] = []
        for _ in range(_MUSIC_PIECES):
            chunk = {"data": opaque(roll, 4 * _PIECE_BYTES), "mimeType": _MUSIC}
            moves += [Say({"serverContent": {"audioChunks": [chunk]}}), Pause(_PIECE_S)]
        return moves

    def _id(self) -> str:
        return web_safe_id(dice(self._seed, "id", self._turns), 9)


def encoded(document: Document) -> bytes:
    """A message as the real server prints it."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _in_camel_case(value: Any) -> Any:
    """A message as JavaScript's SDK sends it; Python's sends the names of the proto."""
    if isinstance(value, dict):
        return {_camel(name): _in_camel_case(inner) for name, inner in value.items()}
    return [_in_camel_case(inner) for inner in value] if isinstance(value, list) else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _content(part: Document) -> Document:
    return {"serverContent": {"modelTurn": {"parts": [part]}}}


def _details(counts: dict[str, int]) -> list[Document]:
    return [{"modality": kind, "tokenCount": count} for kind, count in counts.items() if count]


def _modality(setup: Document) -> str:
    config = setup.get("generationConfig")
    wanted = config.get("responseModalities") if isinstance(config, dict) else None
    return str(wanted[0]).upper() if isinstance(wanted, list) and wanted else "AUDIO"


def _offered(setup: Document) -> Document | None:
    tools: Any = setup.get("tools")
    for tool in tools if isinstance(tools, list) else []:
        for function in tool.get("functionDeclarations") or []:
            if isinstance(function, dict):
                return function
    return None


def _ends_turn(message: Document) -> bool:
    content, live = message.get("clientContent"), message.get("realtimeInput")
    if isinstance(content, dict):
        return content.get("turnComplete") is True
    if isinstance(live, dict):
        return any(word in live for word in ("audioStreamEnd", "activityEnd", "text"))
    return "toolResponse" in message
