// @google/genai in Vertex mode: labels, streams, pictures, embeddings, express mode.

import { GoogleGenAI } from "@google/genai";
import { OAuth2Client } from "google-auth-library";
import { JOB, MODEL, QUESTION, STORY, play } from "./transcript.mjs";

const LABELS = { team: "research", "cost-centre": "4711" };
const httpOptions = { baseUrl: JOB.base_url, headers: JOB.headers };
const signedIn = new OAuth2Client();
signedIn.setCredentials({ access_token: "ya29.TESTresearch", expiry_date: Date.now() + 3_600_000 });
const client = new GoogleGenAI({
  vertexai: true,
  project: "research-1",
  location: "europe-west1",
  googleAuthOptions: { authClient: signedIn },
  httpOptions,
});

await play({
  async generate() {
    const answer = await client.models.generateContent({
      model: MODEL,
      contents: QUESTION,
      config: { labels: LABELS },
    });
    return { text: answer.text, usage: answer.usageMetadata };
  },
  async stream() {
    const stream = await client.models.generateContentStream({
      model: MODEL,
      contents: STORY,
      config: { labels: LABELS },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push([chunk.text, chunk.usageMetadata]);
    return chunks;
  },
  async embed() {
    const answer = await client.models.embedContent({
      model: "text-embedding-005",
      contents: [QUESTION, STORY],
    });
    return answer.embeddings.map((each) => each.values);
  },
  async images() {
    const made = await client.models.generateImages({
      model: "imagen-4.0-generate-001",
      prompt: "a bridge",
      config: { numberOfImages: 2, labels: LABELS },
    });
    return made.generatedImages.map((each) => each.image.imageBytes);
  },
  async express() {
    const express = new GoogleGenAI({ vertexai: true, apiKey: JOB.google_key, httpOptions });
    const answer = await express.models.generateContent({ model: MODEL, contents: QUESTION });
    return { text: answer.text, usage: answer.usageMetadata };
  },
});
