// @google/genai beyond single calls: files, batches, caches, videos, interactions.

import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GoogleGenAI } from "@google/genai";
import { JOB, MODEL, QUESTION, STORY, play } from "./transcript.mjs";

const client = new GoogleGenAI({
  apiKey: JOB.google_key,
  httpOptions: { baseUrl: JOB.base_url, headers: JOB.headers },
});
// More than one chunk of 8 MiB.
const LARGE = new Blob(["weighed ".repeat(9 * 131_072)]);
const request = (text) => ({ contents: [{ role: "user", parts: [{ text }] }] });

await play({
  async files() {
    const config = { mimeType: "application/pdf", displayName: "waybill.pdf" };
    const file = await client.files.upload({ file: LARGE, config });
    const seen = await client.files.get({ name: file.name });
    await client.files.delete({ name: file.name });
    return { file, uri: seen.uri };
  },
  async batch() {
    const source = [request(QUESTION), request(STORY)];
    const job = await client.batches.create({ model: MODEL, src: source });
    const done = await client.batches.get({ name: job.name });
    const texts = done.dest.inlinedResponses.map(
      (each) => each.response.candidates[0].content.parts[0].text,
    );
    return { name: job.name, state: done.state, texts };
  },
  async caches() {
    const config = { contents: STORY.repeat(400), ttl: "600s" };
    const made = await client.caches.create({ model: MODEL, config });
    const used = await client.models.generateContent({
      model: MODEL,
      contents: QUESTION,
      config: { cachedContent: made.name },
    });
    const moved = await client.caches.update({ name: made.name, config: { ttl: "7200s" } });
    await client.caches.delete({ name: made.name });
    return { name: made.name, usage: used.usageMetadata, expires: moved.expireTime };
  },
  async videos() {
    const begun = await client.models.generateVideos({
      model: "veo-3.1-generate-preview",
      source: { prompt: "a lorry on a bridge" },
      config: { durationSeconds: 8 },
    });
    const operation = await client.operations.getVideosOperation({ operation: begun });
    const [made] = operation.response.generatedVideos;
    const folder = await mkdtemp(join(tmpdir(), "weighbridge-sdk-"));
    const downloadPath = join(folder, "made.mp4");
    await client.files.download({ file: made, downloadPath });
    const digest = createHash("sha256").update(await readFile(downloadPath)).digest("hex");
    await rm(folder, { recursive: true });
    return { name: operation.name, uri: made.video.uri, digest };
  },
  async interactions() {
    const made = await client.interactions.create({ model: MODEL, input: QUESTION });
    const types = [];
    const stream = await client.interactions.create({ model: MODEL, input: STORY, stream: true });
    for await (const event of stream) types.push(event.event_type);
    return { usage: made.usage, types };
  },
});
