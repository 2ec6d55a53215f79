"""google-generativeai 0.8.6 over REST: the calls of its own guide, with `metadata` as headers."""

import io
import warnings
from typing import Any

from transcript import EMBEDDING_MODEL, JOB, MODEL, PNG, QUESTION, STORY, play

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import google.generativeai as genai

from PIL import Image

_METADATA = list(JOB["headers"].items())
_OPTIONS: dict[str, Any] = {"metadata": _METADATA}


def _configure(**extra: Any) -> None:
    genai.configure(
        api_key=JOB["google_key"],
        transport="rest",
        client_options={"api_endpoint": JOB["base_url"]},
        **extra,
    )


def _usage(answer: Any) -> dict[str, int]:
    usage = answer.usage_metadata
    return {
        "prompt": usage.prompt_token_count,
        "candidates": usage.candidates_token_count,
        "total": usage.total_token_count,
    }


def _generate() -> Any:
    answer = genai.GenerativeModel(MODEL).generate_content(QUESTION, request_options=_OPTIONS)
    return {"text": answer.text, "usage": _usage(answer)}


def _stream() -> Any:
    answer = genai.GenerativeModel(MODEL).generate_content(
        STORY, stream=True, request_options=_OPTIONS
    )
    chunks = [chunk.text for chunk in answer]
    return {"chunks": chunks, "usage": _usage(answer)}


def _chat() -> Any:
    chat = genai.GenerativeModel(MODEL).start_chat(history=[])
    first = chat.send_message("Hello! What's your name?", request_options=_OPTIONS)
    second = chat.send_message("Can you help me with Python?", request_options=_OPTIONS)
    return {"texts": [first.text, second.text], "usage": _usage(second)}


def _image() -> Any:
    picture = Image.open(io.BytesIO(PNG))
    answer = genai.GenerativeModel(MODEL).generate_content(
        ["What's in this image?", picture], request_options=_OPTIONS
    )
    return {"text": answer.text, "usage": _usage(answer)}


def _count() -> Any:
    return genai.GenerativeModel(MODEL).count_tokens(STORY, request_options=_OPTIONS).total_tokens


def _embed() -> Any:
    answer = genai.embed_content(
        model=f"models/{EMBEDDING_MODEL}", content=QUESTION, request_options=_OPTIONS
    )
    return answer["embedding"]


def _models() -> Any:
    return [model.name for model in genai.list_models(request_options=_OPTIONS)]


def _default_metadata() -> Any:
    """Headers given once, at `configure`, reach every call."""
    _configure(default_metadata=_METADATA)
    try:
        return genai.GenerativeModel(MODEL).generate_content(QUESTION).text
    finally:
        _configure()


def _bare() -> Any:
    """No header at all: the tracking token rides in the base URL, or is missing."""
    return genai.GenerativeModel(MODEL).generate_content(QUESTION).text


def _headers_option() -> Any:
    """What older guides show, and 0.8.x refuses before it sends anything."""
    return genai.GenerativeModel(MODEL).generate_content(
        QUESTION, request_options={"headers": JOB["headers"]}
    )


_configure()
play(
    {
        "generate": _generate,
        "stream": _stream,
        "chat": _chat,
        "image": _image,
        "count": _count,
        "embed": _embed,
        "models": _models,
        "default_metadata": _default_metadata,
        "bare": _bare,
        "headers_option": _headers_option,
    }
)
