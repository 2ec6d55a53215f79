"""google-genai: Live sessions by text, sound and tools, ephemeral tokens, music, Vertex."""

import asyncio
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials
from transcript import JOB, QUESTION, play

_MODEL = "gemini-3.8-live"
_WEIGH = {"function_declarations": [{"name": "weigh", "description": "Weighs a lorry"}]}


def _client(**more: Any) -> genai.Client:
    options = {"base_url": JOB["base_url"], "headers": JOB["headers"]} | more.pop("options", {})
    who = more or {"api_key": JOB["google_key"]}
    return genai.Client(http_options=types.HttpOptions(**options), **who)


async def _answer(session: Any) -> list[dict[str, Any]]:
    """The messages of a turn, sound as its length."""
    told = []
    async for message in session.receive():
        seen: dict[str, Any] = {"bytes": len(message.data or b""), "text": message.text}
        if message.usage_metadata is not None:
            seen["usage"] = message.usage_metadata.model_dump(mode="json", exclude_none=True)
        if message.tool_call is not None:
            seen["calls"] = [call.name for call in message.tool_call.function_calls]
        told.append(seen)
    return told


async def _ask(session: Any, words: str = QUESTION) -> list[dict[str, Any]]:
    turn = types.Content(role="user", parts=[types.Part(text=words)])
    await session.send_client_content(turns=turn, turn_complete=True)
    return await _answer(session)


async def _converse(client: genai.Client, turns: int = 2) -> Any:
    config = types.LiveConnectConfig(response_modalities=["AUDIO"])
    async with client.aio.live.connect(model=_MODEL, config=config) as session:
        return [await _ask(session) for _ in range(turns)]


async def _talk() -> Any:
    return await _converse(_client())


async def _sound() -> Any:
    async with _client().aio.live.connect(model=_MODEL, config={}) as session:
        for _ in range(20):
            blob = types.Blob(data=bytes(3200), mime_type="audio/pcm;rate=16000")
            await session.send_realtime_input(audio=blob)
        await session.send_realtime_input(audio_stream_end=True)
        return await _answer(session)


async def _tools() -> Any:
    config = types.LiveConnectConfig(response_modalities=["TEXT"], tools=[_WEIGH])
    async with _client().aio.live.connect(model=_MODEL, config=config) as session:
        turn = types.Content(role="user", parts=[types.Part(text=QUESTION)])
        await session.send_client_content(turns=turn, turn_complete=True)
        async for message in session.receive():
            if message.tool_call is not None:
                (call,) = message.tool_call.function_calls
                break
        known = {"id": call.id, "name": call.name, "response": {"kilograms": 12}}
        await session.send_tool_response(function_responses=known)
        return {"called": call.name, "then": await _answer(session)}


async def _constrained() -> Any:
    """As a page in a browser connects, with a token that its server made."""
    options = {"api_version": "v1alpha"}
    token = await _client(options=options).aio.auth_tokens.create(config={"uses": 1})
    return await _converse(_client(api_key=token.name, options=options), turns=1)


async def _music() -> Any:
    client = _client(options={"api_version": "v1alpha"})
    sizes = []
    async with client.aio.live.music.connect(model="models/lyria-realtime-exp") as session:
        await session.play()
        async for message in session.receive():
            sizes += [len(chunk.data) for chunk in message.server_content.audio_chunks]
            if len(sizes) == 3:
                return sizes
    return sizes


async def _vertex() -> Any:
    credentials = Credentials(token="ya29.TEST-live")
    where = {"project": "p-1", "location": "us-central1"}
    return await _converse(_client(vertexai=True, credentials=credentials, **where))


async def _bare() -> Any:
    options = {"headers": {}}
    return await _converse(_client(options=options, api_key=JOB["google_key"]), turns=1)


def _run(step: Callable[[], Awaitable[Any]]) -> Callable[[], Any]:
    return lambda: asyncio.run(step())


warnings.simplefilter("ignore")
play(
    {
        "talk": _run(_talk),
        "sound": _run(_sound),
        "tools": _run(_tools),
        "constrained": _run(_constrained),
        "music": _run(_music),
        "vertex": _run(_vertex),
        "bare": _run(_bare),
    }
)
