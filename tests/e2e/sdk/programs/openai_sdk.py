"""The openai SDK against Google's OpenAI-compatible paths: chat, stream, embeddings, more."""

from typing import Any

from openai import OpenAI
from transcript import EMBEDDING_MODEL, JOB, MODEL, QUESTION, STORY, play


def _client(headers: dict[str, str]) -> OpenAI:
    return OpenAI(
        api_key=JOB["google_key"],
        base_url=JOB["base_url"].rstrip("/") + "/v1beta/openai/",
        default_headers=headers,
        max_retries=0,
    )


def _chat_with(headers: dict[str, str]) -> Any:
    answer = _client(headers).chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": QUESTION}]
    )
    return {
        "text": answer.choices[0].message.content,
        "usage": answer.usage.model_dump(exclude_none=True),
    }


def _chat() -> Any:
    return _chat_with(JOB["headers"])


def _bare() -> Any:
    return _chat_with({})


def _stream() -> Any:
    stream = _client(JOB["headers"]).chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": STORY}],
        stream=True,
        stream_options={"include_usage": True},
    )
    texts, usage = [], None
    for chunk in stream:
        texts += [choice.delta.content for choice in chunk.choices]
        usage = chunk.usage.model_dump(exclude_none=True) if chunk.usage else usage
    return {"chunks": texts, "usage": usage}


def _embed() -> Any:
    answer = _client(JOB["headers"]).embeddings.create(model=EMBEDDING_MODEL, input=QUESTION)
    return answer.data[0].embedding


def _images() -> Any:
    made = _client(JOB["headers"]).images.generate(
        model="imagen-4.0-generate-001", prompt="a bridge", n=2, response_format="b64_json"
    )
    return [each.b64_json for each in made.data]


def _responses() -> Any:
    made = _client(JOB["headers"]).responses.create(model=MODEL, input=QUESTION)
    return [made.output_text, made.usage.model_dump(exclude_none=True)]


def _completions() -> Any:
    made = _client(JOB["headers"]).completions.create(model=MODEL, prompt=QUESTION)
    return [made.choices[0].text, made.usage.model_dump(exclude_none=True)]


play(
    {
        "chat": _chat,
        "stream": _stream,
        "embed": _embed,
        "bare": _bare,
        "images": _images,
        "responses": _responses,
        "completions": _completions,
    }
)
