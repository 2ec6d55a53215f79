// @google/generative-ai, Google's first JavaScript SDK.

import { GoogleGenerativeAI } from "@google/generative-ai";
import { EMBEDDING_MODEL, JOB, MODEL, QUESTION, STORY, play } from "./transcript.mjs";

const model = (name = MODEL, customHeaders = JOB.headers) =>
  new GoogleGenerativeAI(JOB.google_key).getGenerativeModel(
    { model: name },
    { baseUrl: JOB.base_url, customHeaders },
  );

await play({
  async generate() {
    const { response } = await model().generateContent(QUESTION);
    return { text: response.text(), usage: response.usageMetadata };
  },
  async stream() {
    const result = await model().generateContentStream(STORY);
    const chunks = [];
    for await (const chunk of result.stream) chunks.push(chunk.text());
    return { chunks, usage: (await result.response).usageMetadata };
  },
  async chat() {
    const chat = model().startChat();
    const first = await chat.sendMessage("Hello! What's your name?");
    const second = await chat.sendMessage("Can you help me with Python?");
    return [first.response.text(), second.response.text()];
  },
  async image() {
    const inlineData = { data: JOB.png, mimeType: "image/png" };
    const { response } = await model().generateContent(["What's in this image?", { inlineData }]);
    return { text: response.text(), usage: response.usageMetadata };
  },
  async embed() {
    const { embedding } = await model(EMBEDDING_MODEL).embedContent(QUESTION);
    return embedding.values;
  },
  async count() {
    const { totalTokens } = await model().countTokens(STORY);
    return totalTokens;
  },
  async bare() {
    const { response } = await model(MODEL, {}).generateContent(QUESTION);
    return response.text();
  },
});
