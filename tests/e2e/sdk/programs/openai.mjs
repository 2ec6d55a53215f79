// The openai SDK for JavaScript against Google's OpenAI-compatible paths.

import OpenAI from "openai";
import { EMBEDDING_MODEL, JOB, MODEL, QUESTION, STORY, play } from "./transcript.mjs";

const client = (defaultHeaders = JOB.headers) =>
  new OpenAI({
    apiKey: JOB.google_key,
    baseURL: JOB.base_url.replace(/\/$/, "") + "/v1beta/openai/",
    defaultHeaders,
    maxRetries: 0,
  });

const chatWith = async (headers) => {
  const answer = await client(headers).chat.completions.create({
    model: MODEL,
    messages: [{ role: "user", content: QUESTION }],
  });
  return { text: answer.choices[0].message.content, usage: answer.usage };
};

await play({
  chat: () => chatWith(JOB.headers),
  bare: () => chatWith({}),
  async stream() {
    const stream = await client().chat.completions.create({
      model: MODEL,
      messages: [{ role: "user", content: STORY }],
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    let usage;
    for await (const chunk of stream) {
      chunks.push(...chunk.choices.map((choice) => choice.delta.content));
      usage = chunk.usage ?? usage;
    }
    return { chunks, usage };
  },
  async embed() {
    const answer = await client().embeddings.create({ model: EMBEDDING_MODEL, input: QUESTION });
    return answer.data[0].embedding;
  },
});
