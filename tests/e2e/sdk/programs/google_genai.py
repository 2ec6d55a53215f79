"""google-genai: sync, async, stream, chat, image, functions, embeddings, counts, models."""

import asyncio
from typing import Any

from google import genai
from google.genai import types
from transcript import EMBEDDING_MODEL, JOB, MODEL, PNG, QUESTION, STORY, play


def _client() -> genai.Client:
    """A client; keep a name for it while it works, since a forgotten one closes itself."""
    return genai.Client(
        api_key=JOB["google_key"],
        http_options=types.HttpOptions(base_url=JOB["base_url"], headers=JOB["headers"]),
    )


_CLIENT = _client()


def _usage(answer: Any) -> Any:
    return answer.usage_metadata.model_dump(mode="json", exclude_none=True)


def _generate() -> Any:
    answer = _CLIENT.models.generate_content(model=MODEL, contents=QUESTION)
    return {"text": answer.text, "usage": _usage(answer), "version": answer.model_version}


def _stream() -> Any:
    chunks = list(_CLIENT.models.generate_content_stream(model=MODEL, contents=STORY))
    return {"chunks": [chunk.text for chunk in chunks], "usage": _usage(chunks[-1])}


def _generate_async() -> Any:
    async def call() -> Any:
        client = _client()
        answer = await client.aio.models.generate_content(model=MODEL, contents=QUESTION)
        return {"text": answer.text, "usage": _usage(answer)}

    return asyncio.run(call())


def _stream_async() -> Any:
    async def call() -> Any:
        client = _client()
        stream = await client.aio.models.generate_content_stream(model=MODEL, contents=STORY)
        chunks = [chunk async for chunk in stream]
        return {"chunks": [chunk.text for chunk in chunks], "usage": _usage(chunks[-1])}

    return asyncio.run(call())


def _chat() -> Any:
    chat = _CLIENT.chats.create(model=MODEL)
    return [
        chat.send_message("Hello! What's your name?").text,
        chat.send_message("Can you help me with Python?").text,
    ]


def _image() -> Any:
    picture = types.Part.from_bytes(data=PNG, mime_type="image/png")
    answer = _CLIENT.models.generate_content(
        model=MODEL, contents=["What's in this image?", picture]
    )
    return {"text": answer.text, "usage": _usage(answer)}


def _functions() -> Any:
    """The model asks for a function, gets its result, and answers: two exchanges."""
    weather = types.Tool(
        function_declarations=[
            types.FunctionDeclaration(
                name="get_weather",
                description="Current weather of a city",
                parameters_json_schema={
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "required": ["city"],
                },
            )
        ]
    )
    config = types.GenerateContentConfig(tools=[weather])
    question = types.Content(role="user", parts=[types.Part(text="Weather in Paris?")])
    asked = _CLIENT.models.generate_content(model=MODEL, contents=[question], config=config)
    calls = asked.function_calls or []
    names = [call.name for call in calls]
    result = types.Part.from_function_response(
        name=names[0] if names else "get_weather", response={"celsius": 21}
    )
    told = types.Content(role="user", parts=[result])
    history = [question, asked.candidates[0].content, told]
    answer = _CLIENT.models.generate_content(model=MODEL, contents=history, config=config)
    return {"calls": names, "args": [call.args for call in calls], "text": answer.text}


def _embed() -> Any:
    answer = _CLIENT.models.embed_content(model=EMBEDDING_MODEL, contents=[QUESTION, STORY])
    return [embedding.values for embedding in answer.embeddings]


def _count() -> Any:
    return _CLIENT.models.count_tokens(model=MODEL, contents=STORY).total_tokens


def _models() -> Any:
    return [model.name for model in _CLIENT.models.list()]


def _one_model() -> Any:
    return _CLIENT.models.get(model=MODEL).name


def _labels() -> Any:
    """What the SDK sends to an API that has no labels."""
    config = types.GenerateContentConfig(labels={"team": "research"})
    answer = _CLIENT.models.generate_content(model=MODEL, contents=QUESTION, config=config)
    return {"text": answer.text, "usage": _usage(answer)}


def _bare() -> Any:
    """No header of ours: the base URL alone carries the token, or it is missing."""
    options = types.HttpOptions(base_url=JOB["base_url"])
    client = genai.Client(api_key=JOB["google_key"], http_options=options)
    return client.models.generate_content(model=MODEL, contents=QUESTION).text


def _drop_in() -> Any:
    """No line of code changed: `GOOGLE_GEMINI_BASE_URL` points at the gateway."""
    client = genai.Client(api_key=JOB["google_key"])
    return client.models.generate_content(model=MODEL, contents=QUESTION).text


play(
    {
        "generate": _generate,
        "stream": _stream,
        "generate_async": _generate_async,
        "stream_async": _stream_async,
        "chat": _chat,
        "image": _image,
        "functions": _functions,
        "embed": _embed,
        "count": _count,
        "models": _models,
        "one_model": _one_model,
        "labels": _labels,
        "bare": _bare,
        "drop_in": _drop_in,
    }
)
