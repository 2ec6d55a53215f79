// @google/genai: generate, stream, chat, image, embeddings, counts, models.

import { GoogleGenAI } from "@google/genai";
import { EMBEDDING_MODEL, JOB, MODEL, QUESTION, STORY, play } from "./transcript.mjs";

const client = (headers = JOB.headers) =>
  new GoogleGenAI({ apiKey: JOB.google_key, httpOptions: { baseUrl: JOB.base_url, headers } });

await play({
  async generate() {
    const answer = await client().models.generateContent({ model: MODEL, contents: QUESTION });
    return { text: answer.text, usage: answer.usageMetadata };
  },
  async stream() {
    const chunks = [];
    let usage;
    const stream = await client().models.generateContentStream({ model: MODEL, contents: STORY });
    for await (const chunk of stream) {
      chunks.push(chunk.text);
      usage = chunk.usageMetadata ?? usage;
    }
    return { chunks, usage };
  },
  async chat() {
    const chat = client().chats.create({ model: MODEL });
    const first = await chat.sendMessage({ message: "Hello! What's your name?" });
    const second = await chat.sendMessage({ message: "Can you help me with Python?" });
    return [first.text, second.text];
  },
  async image() {
    const inlineData = { data: JOB.png, mimeType: "image/png" };
    const answer = await client().models.generateContent({
      model: MODEL,
      contents: [{ role: "user", parts: [{ text: "What's in this image?" }, { inlineData }] }],
    });
    return { text: answer.text, usage: answer.usageMetadata };
  },
  async embed() {
    const answer = await client().models.embedContent({
      model: EMBEDDING_MODEL,
      contents: [QUESTION, STORY],
    });
    return answer.embeddings.map((embedding) => embedding.values);
  },
  async count() {
    const answer = await client().models.countTokens({ model: MODEL, contents: STORY });
    return answer.totalTokens;
  },
  async models() {
    const names = [];
    for await (const model of await client().models.list()) names.push(model.name);
    return names;
  },
  async bare() {
    const answer = await client({}).models.generateContent({ model: MODEL, contents: QUESTION });
    return answer.text;
  },
  // No line of code changed: GOOGLE_GEMINI_BASE_URL points at the gateway.
  async drop_in() {
    const unchanged = new GoogleGenAI({ apiKey: JOB.google_key });
    const answer = await unchanged.models.generateContent({ model: MODEL, contents: QUESTION });
    return answer.text;
  },
});
