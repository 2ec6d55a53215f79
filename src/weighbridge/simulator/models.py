"""The models that the simulator knows: how they behave, and how the API lists them.

A name it does not list is served all the same where it looks like Gemini's, so that unknown
and unpriced models can be shown; only a name with `does-not-exist` in it is not found.
"""

import re

import msgspec

from weighbridge.simulator.messages import Document

_GENERATE = ["generateContent", "countTokens", "createCachedContent", "batchGenerateContent"]
_EMBED = ["embedContent", "countTextTokens", "countTokens", "asyncBatchEmbedContent"]
_SERVED = re.compile(
    r"(?:models/)?(?:gemini|gemma|learnlm|text-embedding|text-multilingual|embedding|imagen|veo|"
    r"lyria|sim|aqa|deep-research|antigravity|[a-f0-9]{12}$|\d+$|"
    r"claude|count-tokens|mistral|ministral|codestral|llama|jamba|deepseek|qwen|gpt-oss|kimi|glm)"
)


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """Behaviour of one model; rates are tokens a second, waits are seconds."""

    name: str
    title: str
    thinks: bool = True
    embeds: bool = False
    makes: str = "TEXT"
    input_limit: int = 1_048_576
    output_limit: int = 65_536
    methods: tuple[str, ...] = ()
    first_wait: float = 0.35
    tokens_per_second: int = 180
    cache_minimum: int = 4096

    def listed(self) -> Document:
        """The entry in the API's list."""
        entry: Document = {
            "name": f"models/{self.name}",
            "version": "001",
            "displayName": self.title,
            "description": f"{self.title}, as the simulator plays it.",
            "inputTokenLimit": self.input_limit,
            "outputTokenLimit": self.output_limit,
            "supportedGenerationMethods": list(self.methods)
            or (_EMBED if self.embeds else _GENERATE),
        }
        if not self.embeds:
            entry |= {"temperature": 1, "topP": 0.95, "topK": 64, "maxTemperature": 2}
            if self.thinks:
                entry["thinking"] = True
        return entry


def _flash(name: str, title: str) -> Model:
    minimum = 2048 if "2.5" in name else 4096
    return Model(name=name, title=title, cache_minimum=minimum)


def _lite(name: str, title: str) -> Model:
    return Model(name=name, title=title, thinks=False, first_wait=0.2, tokens_per_second=280)


def _pro(name: str, title: str) -> Model:
    return Model(name=name, title=title, first_wait=0.9, tokens_per_second=95, cache_minimum=2048)


def _maker(name: str, title: str, modality: str) -> Model:
    return Model(
        name=name, title=title, thinks=False, makes=modality, input_limit=32_768, first_wait=2.5
    )


def _predictor(name: str, title: str, method: str) -> Model:
    return Model(
        name=name, title=title, thinks=False, input_limit=480, output_limit=8192, methods=(method,)
    )


def _embedder(name: str, title: str) -> Model:
    return Model(
        name=name, title=title, thinks=False, embeds=True, input_limit=2048, output_limit=1
    )


CATALOGUE: dict[str, Model] = {
    model.name: model
    for model in (
        _flash("gemini-2.5-flash", "Gemini 2.5 Flash"),
        _pro("gemini-2.5-pro", "Gemini 2.5 Pro"),
        _lite("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite"),
        _lite("gemini-2.0-flash", "Gemini 2.0 Flash"),
        _lite("gemini-2.0-flash-lite", "Gemini 2.0 Flash-Lite"),
        _flash("gemini-3-flash-preview", "Gemini 3 Flash Preview"),
        _lite("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite"),
        _pro("gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview"),
        _flash("gemini-3.5-flash", "Gemini 3.5 Flash"),
        _lite("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite"),
        _flash("gemini-3.6-flash", "Gemini 3.6 Flash"),
        _flash("gemini-3.7-flash", "Gemini 3.7 Flash"),
        _flash("gemini-3.8-flash", "Gemini 3.8 Flash"),
        _pro("gemini-4-argon", "Gemini 4 Argon"),
        _maker("gemini-2.5-flash-image", "Gemini 2.5 Flash Image", "IMAGE"),
        _maker("gemini-3.1-flash-lite-image", "Gemini 3.1 Flash-Lite Image", "IMAGE"),
        _maker("gemini-3.8-flash-tts", "Gemini 3.8 Flash TTS", "AUDIO"),
        _embedder("gemini-embedding-001", "Gemini Embedding 001"),
        _embedder("gemini-embedding-2", "Gemini Embedding 2"),
        _embedder("text-embedding-004", "Text Embedding 004"),
        _predictor("imagen-4.0-generate-001", "Imagen 4", "predict"),
        _predictor("veo-3.1-generate-preview", "Veo 3.1", "predictLongRunning"),
    )
}
_ALIASES = {
    "gemini-flash-latest": "gemini-3.8-flash",
    "gemini-flash-lite-latest": "gemini-3.5-flash-lite",
    "gemini-pro-latest": "gemini-3.1-pro-preview",
}


def is_served(name: str) -> bool:
    """Whether a call to this model is answered at all."""
    return "does-not-exist" not in name and _SERVED.match(name) is not None


def model_named(name: str) -> Model:
    """The model that serves a name: itself, the target of an alias, or one made up for it.

    Example: `gemini-flash-latest` gives `gemini-3.8-flash`; `sim-quota_429` gives
    `gemini-2.5-flash`; `gemini-9-ultra` gives a thinking model of that very name.
    """
    name = name.removeprefix("models/")
    if name.startswith("sim-") or name.isdigit():
        name = "gemini-2.5-flash"
    name = _ALIASES.get(name, name)
    known = CATALOGUE.get(name)
    if known is not None:
        return known
    if "embedding" in name:
        return _embedder(name, name)
    if "image" in name or "banana" in name:
        return _maker(name, name, "IMAGE")
    if any(word in name for word in ("tts", "native-audio", "lyria")):
        return _maker(name, name, "AUDIO")
    if not name.startswith(("gemini", "claude", "deep-research", "antigravity")):
        return _lite(name, name)
    if "lite" in name or name.startswith(("gemini-1", "gemini-2.0")):
        return _lite(name, name)
    return _pro(name, name) if "pro" in name else _flash(name, name)
