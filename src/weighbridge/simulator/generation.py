"""What the model did with a request: its answer and its counts, before any wire shape.

Everything follows from the request's bytes and the simulator's seed. Counterpart: `shapes`
prints a `Generation` for the Developer API and for Vertex, `openai_chat` for OpenAI's clients.
"""

import random

import msgspec

from weighbridge.simulator.asked import Asked
from weighbridge.simulator.dice import dice
from weighbridge.simulator.filler import filled
from weighbridge.simulator.messages import Document
from weighbridge.simulator.models import Model
from weighbridge.simulator.prose import opaque, phrase, picture, prose, sound, web_safe_id
from weighbridge.simulator.tokens import (
    TOKENS_PER_IMAGE_MADE,
    add_counts,
    contents_tokens,
    text_tokens,
)

_SOUND_TOKENS_PER_SECOND = 25
_LEVELS = {"minimal": 20, "low": 120, "medium": 500, "high": 1400}


class Generation(msgspec.Struct, kw_only=True):
    """One answer of the model; token counts as in `usageMetadata`.

    `text` is the visible text, `extras` the parts that are no text (calls, pictures, code),
    which come after it. `prompt` and `cached` are by modality; `made` holds output tokens that
    are no text. `finish_reason` None means that no candidate came (a blocked prompt).
    """

    model_version: str
    response_id: str
    create_second: int
    prompt: dict[str, int]
    cached: dict[str, int] = {}
    text: str = ""
    thought_text: str = ""
    thinking_tokens: int = 0
    extras: list[Document] = []
    made: dict[str, int] = {}
    extra_tokens: int = 0
    tool_use_tokens: int = 0
    signature: str | None = None
    grounding: Document | None = None
    url_context: Document | None = None
    finish_reason: str | None = "STOP"
    block_reason: str | None = None
    service_tier: str = "standard"
    traffic_type: str = "ON_DEMAND"

    @property
    def output_tokens(self) -> int:
        """Tokens of the answer, thinking excluded."""
        return text_tokens(self.text) + self.extra_tokens + sum(self.made.values())

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt, cached ones included, tool use excluded."""
        return sum(self.prompt.values())


def generate(asked: Asked, model: Model, seed: str, cached_tokens: int = 0) -> Generation:
    """The answer of a model to a request.

    Takes: a seed that stands for the request, and the tokens of the explicit cache it names.
    """
    roll = dice(seed)
    done = Generation(
        model_version=model.name,
        response_id=web_safe_id(roll),
        create_second=roll.randrange(86_400),
        prompt=_prompt_counts(asked, cached_tokens),
        service_tier=asked.service_tier,
    )
    done.cached = _cached(asked, model, roll, cached_tokens)
    if model.thinks:
        _think(asked, done, roll)
    if not _call_functions(asked, done, roll):
        _answer(asked, model, done, roll)
    if model.name.startswith(("gemini-3", "gemini-4")) and done.thinking_tokens:
        done.signature = opaque(roll, 120 + min(done.thinking_tokens, 600))
    _use_tools(asked, done, roll)
    _limit(asked, done)
    return done


def _prompt_counts(asked: Asked, cached_tokens: int) -> dict[str, int]:
    counts = add_counts(contents_tokens(asked.system), contents_tokens(asked.contents))
    declared = text_tokens(str(asked.functions)) // 2 if asked.functions else 0
    return add_counts({"TEXT": declared + cached_tokens}, counts)


def _cached(asked: Asked, model: Model, roll: random.Random, cached_tokens: int) -> dict[str, int]:
    """Explicitly cached tokens, or a prefix that an earlier turn sent: all but the last content.

    Four in five long enough prefixes hit; which ones follows from the request, so that the same
    request always gives the same answer.
    """
    if cached_tokens:
        return {"TEXT": cached_tokens}
    prefix = add_counts(contents_tokens(asked.system), contents_tokens(asked.contents[:-1]))
    hit = roll.random() < 0.8
    if not hit or sum(prefix.values()) < model.cache_minimum:
        return {}
    return {modality: count * 15 // 16 for modality, count in prefix.items() if count >= 16}


def _think(asked: Asked, done: Generation, roll: random.Random) -> None:
    wanted = asked.config.get("thinkingConfig")
    wanted = wanted if isinstance(wanted, dict) else {}
    budget = wanted.get("thinkingBudget", wanted.get("thinking_budget"))
    level = str(wanted.get("thinkingLevel", wanted.get("thinking_level", ""))).lower()
    most = _LEVELS.get(level, 900)
    if isinstance(budget, int) and budget >= 0:
        most = min(most, budget)
    if most <= 0:
        return
    done.thinking_tokens = max(1, int(most * roll.uniform(0.15, 1.0)))
    if wanted.get("includeThoughts") or wanted.get("include_thoughts"):
        title = phrase(roll, 3).title()
        done.thought_text = f"**{title}**\n\n{prose(roll, min(done.thinking_tokens, 60))}\n\n\n"


def _call_functions(asked: Asked, done: Generation, roll: random.Random) -> bool:
    """Calls a function where some are offered and the last turn brings no result of one."""
    last = asked.contents[-1].get("parts")
    parts = last if isinstance(last, list) else []
    answered = any("functionResponse" in each or "function_response" in each for each in parts)
    if not asked.functions or answered or asked.function_mode == "NONE":
        return False
    function = asked.functions[roll.randrange(len(asked.functions))]
    schema = function.get("parameters") or function.get("parametersJsonSchema") or {}
    call: Document = {"name": function.get("name", ""), "args": filled(schema, roll) or {}}
    if done.model_version.startswith(("gemini-3", "gemini-4")):
        call["id"] = web_safe_id(roll, 6)
    done.extras = [{"functionCall": call}]
    done.extra_tokens = text_tokens(str(call))
    return True


def _answer(asked: Asked, model: Model, done: Generation, roll: random.Random) -> None:
    mime = asked.config.get("responseMimeType")
    schema = asked.config.get("responseJsonSchema") or asked.config.get("responseSchema")
    if mime == "application/json":
        done.text = msgspec.json.encode(filled(schema or {}, roll)).decode()
        return
    if model.makes == "AUDIO":
        data = {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": sound(roll)}
        done.extras = [{"inlineData": data}]
        done.made = {"AUDIO": _SOUND_TOKENS_PER_SECOND}
        return
    done.text = prose(roll, int(min(roll.lognormvariate(5.0, 0.7), 3000)))
    if model.makes == "IMAGE":
        done.text = f"Here is a picture of {phrase(roll, 4)}."
        done.extras = [{"inlineData": {"mimeType": "image/png", "data": picture(roll)}}]
        done.made = {"IMAGE": TOKENS_PER_IMAGE_MADE}


def _use_tools(asked: Asked, done: Generation, roll: random.Random) -> None:
    if not done.text:
        return
    if "googleSearch" in asked.tools or "googleSearchRetrieval" in asked.tools:
        done.grounding = _grounding(done.text, roll)
        done.tool_use_tokens += roll.randint(80, 160)
    if "googleMaps" in asked.tools:
        place = {"uri": "https://maps.google.com/?cid=1", "title": phrase(roll, 2).title()}
        found = done.grounding or {}
        chunk = {"maps": place | {"placeId": "places/sim"}}
        done.grounding = found | {"groundingChunks": [*found.get("groundingChunks", ()), chunk]}
        done.tool_use_tokens += roll.randint(80, 160)
    if "urlContext" in asked.tools:
        read = {
            "retrievedUrl": "https://example.com/",
            "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS",
        }
        done.url_context = {"urlMetadata": [read]}
        done.tool_use_tokens += roll.randint(400, 1500)
    if "codeExecution" in asked.tools:
        code = {"language": "PYTHON", "code": "print(6 * 7)\n"}
        outcome = {"outcome": "OUTCOME_OK", "output": "42\n"}
        done.extras = [{"executableCode": code}, {"codeExecutionResult": outcome}]
        done.extra_tokens = 20
        done.tool_use_tokens += roll.randint(100, 400)


def _grounding(text: str, roll: random.Random) -> Document:
    title = f"{phrase(roll, 1)}.example"
    segment = {"endIndex": len(text.encode()), "text": text}
    return {
        "searchEntryPoint": {"renderedContent": '<div class="container">\n</div>\n'},
        "groundingChunks": [{"web": {"uri": f"https://{title}/", "title": title}}],
        "groundingSupports": [{"segment": segment, "groundingChunkIndices": [0]}],
        "webSearchQueries": [phrase(roll, 3) for _ in range(roll.randint(1, 3))],
    }


def _limit(asked: Asked, done: Generation) -> None:
    """Applies `maxOutputTokens`, which thinking uses up first."""
    most = asked.config.get("maxOutputTokens")
    if not isinstance(most, int) or most <= 0 or not done.text:
        return
    room = most - done.thinking_tokens
    if room <= 0:
        done.thinking_tokens = most
        done.text, done.extras, done.made, done.extra_tokens = "", [], {}, 0
        done.signature, done.grounding, done.finish_reason = None, None, "MAX_TOKENS"
    elif text_tokens(done.text) > room:
        done.text = done.text.encode()[: room * 4].decode("utf-8", "ignore")
        done.finish_reason = "MAX_TOKENS"
