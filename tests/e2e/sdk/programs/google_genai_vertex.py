"""google-genai in Vertex mode: labels everywhere, pictures, videos, caches, batches, express."""

import asyncio
from typing import Any

from google import genai
from google.auth import credentials
from google.genai import types
from transcript import JOB, MODEL, QUESTION, STORY, play

LABELS = {"team": "research", "cost-centre": "4711"}
CONFIG = types.GenerateContentConfig(labels=LABELS)
VEO = "veo-3.1-generate-001"


class _SignedIn(credentials.Credentials):
    """Credentials that hold an access token and never ask for another."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "ya29.TESTresearch"

    def refresh(self, request: Any) -> None:
        raise AssertionError(request)


def _options() -> types.HttpOptions:
    return types.HttpOptions(base_url=JOB["base_url"], headers=JOB["headers"])


def _client() -> genai.Client:
    """A client; keep a name for it while it works, since a forgotten one closes itself."""
    return genai.Client(
        vertexai=True,
        project="research-1",
        location="europe-west1",
        credentials=_SignedIn(),
        http_options=_options(),
    )


_CLIENT = _client()


def _said(answer: Any) -> Any:
    usage = answer.usage_metadata.model_dump(mode="json", exclude_none=True)
    return {"text": answer.text, "usage": usage}


def _generate() -> Any:
    return _said(_CLIENT.models.generate_content(model=MODEL, contents=QUESTION, config=CONFIG))


def _stream() -> Any:
    models = _CLIENT.models
    chunks = list(models.generate_content_stream(model=MODEL, contents=STORY, config=CONFIG))
    return [_said(chunk) for chunk in chunks]


def _generate_async() -> Any:
    async def call() -> Any:
        client = _client()
        models = client.aio.models
        return _said(await models.generate_content(model=MODEL, contents=STORY, config=CONFIG))

    return asyncio.run(call())


def _stream_async() -> Any:
    async def call() -> Any:
        client = _client()
        models = client.aio.models
        stream = await models.generate_content_stream(model=MODEL, contents=QUESTION, config=CONFIG)
        return [_said(chunk) async for chunk in stream]

    return asyncio.run(call())


def _count() -> Any:
    counted = _CLIENT.models.count_tokens(model=MODEL, contents=STORY)
    computed = _CLIENT.models.compute_tokens(model=MODEL, contents=STORY)
    return [counted.total_tokens, [each.token_ids for each in computed.tokens_info]]


def _embed() -> Any:
    new = _CLIENT.models.embed_content(model="gemini-embedding-001", contents=QUESTION)
    old = _CLIENT.models.embed_content(model="text-embedding-005", contents=[QUESTION, STORY])
    return [each.model_dump(mode="json", exclude={"sdk_http_response"}) for each in (new, old)]


def _images() -> Any:
    made = _CLIENT.models.generate_images(
        model="imagen-4.0-generate-001",
        prompt="a bridge",
        config=types.GenerateImagesConfig(number_of_images=3, labels=LABELS),
    )
    return [each.image.image_bytes for each in made.generated_images]


def _videos() -> Any:
    operation = _CLIENT.models.generate_videos(
        model=VEO,
        source=types.GenerateVideosSource(prompt="a lorry on a bridge"),
        config=types.GenerateVideosConfig(number_of_videos=1, duration_seconds=8),
    )
    done = _CLIENT.operations.get(operation)
    return [done.name, [each.video.video_bytes for each in done.result.generated_videos]]


def _caches() -> Any:
    made = _CLIENT.caches.create(
        model=MODEL, config=types.CreateCachedContentConfig(contents=STORY * 400, ttl="600s")
    )
    config = types.GenerateContentConfig(cached_content=made.name, labels=LABELS)
    used = _CLIENT.models.generate_content(model=MODEL, contents=QUESTION, config=config)
    later = types.UpdateCachedContentConfig(ttl="7200s")
    moved = _CLIENT.caches.update(name=made.name, config=later)
    _CLIENT.caches.delete(name=made.name)
    return [made.name, _said(used), moved.expire_time]


def _batch() -> Any:
    job = _CLIENT.batches.create(
        model=MODEL,
        src="gs://nordhafen/in.jsonl",
        config=types.CreateBatchJobConfig(dest="gs://nordhafen/out", display_name="night"),
    )
    return [job.name, _CLIENT.batches.get(name=job.name).state]


def _express() -> Any:
    client = genai.Client(vertexai=True, api_key=JOB["google_key"], http_options=_options())
    return _said(client.models.generate_content(model=MODEL, contents=QUESTION, config=CONFIG))


play(
    {
        "generate": _generate,
        "stream": _stream,
        "generate_async": _generate_async,
        "stream_async": _stream_async,
        "count": _count,
        "embed": _embed,
        "images": _images,
        "videos": _videos,
        "caches": _caches,
        "batch": _batch,
        "express": _express,
    }
)
