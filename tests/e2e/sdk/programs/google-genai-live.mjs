// @google/genai: Live sessions by text and sound, ephemeral tokens, music.

import { GoogleGenAI, Modality } from "@google/genai";
import { JOB, QUESTION, play } from "./transcript.mjs";

const MODEL = "gemini-3.8-live";

function client({ apiKey = JOB.google_key, headers = JOB.headers, apiVersion } = {}) {
  return new GoogleGenAI({ apiKey, httpOptions: { baseUrl: JOB.base_url, headers, apiVersion } });
}

// A session whose messages can be waited for.
async function open(ai, config = { responseModalities: [Modality.AUDIO] }) {
  const messages = [];
  let wake = () => {};
  const callbacks = {
    onmessage: (message) => {
      messages.push(message);
      wake();
    },
    onclose: () => wake(),
  };
  const session = await ai.live.connect({ model: MODEL, config, callbacks });
  const answer = async () => {
    const told = [];
    for (;;) {
      while (messages.length === 0) await new Promise((resolve) => (wake = resolve));
      const { data, usageMetadata, serverContent } = messages.shift();
      told.push({ length: data?.length ?? 0, usage: usageMetadata });
      if (serverContent?.turnComplete) return told;
    }
  };
  return { session, answer };
}

async function converse(ai, turns = 2) {
  const { session, answer } = await open(ai);
  const told = [];
  for (let turn = 0; turn < turns; turn++) {
    session.sendClientContent({ turns: QUESTION, turnComplete: true });
    told.push(await answer());
  }
  session.close();
  return told;
}

await play({
  async talk() {
    return converse(client());
  },
  async sound() {
    const { session, answer } = await open(client());
    const data = Buffer.alloc(3200).toString("base64");
    for (let piece = 0; piece < 20; piece++) {
      session.sendRealtimeInput({ audio: { data, mimeType: "audio/pcm;rate=16000" } });
    }
    session.sendRealtimeInput({ audioStreamEnd: true });
    const told = await answer();
    session.close();
    return told;
  },
  // As a page in a browser connects, with a token that its server made.
  async constrained() {
    const token = await client({ apiVersion: "v1alpha" }).authTokens.create({ config: { uses: 1 } });
    return converse(client({ apiKey: token.name, apiVersion: "v1alpha" }), 1);
  },
  // The SDK sends none of the client's headers here: only the URL can say whose session it is.
  async music() {
    const sizes = [];
    let enough;
    const done = new Promise((resolve) => (enough = resolve));
    const session = await client({ apiVersion: "v1alpha" }).live.music.connect({
      model: "models/lyria-realtime-exp",
      callbacks: {
        onmessage: (message) => {
          sizes.push(...(message.serverContent?.audioChunks ?? []).map((chunk) => chunk.data.length));
          if (sizes.length >= 3) enough();
        },
      },
    });
    session.play();
    await done;
    session.close();
    return sizes.slice(0, 3);
  },
  async bare() {
    return converse(client({ headers: {} }), 1);
  },
});
