// What every JavaScript program shares; the counterpart of transcript.py, with the same job
// and the same transcript.

export const MODEL = "gemini-2.5-flash";
export const EMBEDDING_MODEL = "gemini-embedding-001";
export const QUESTION = "What is the capital of France?";
export const STORY = "Write a story about a robot learning to paint";
export const JOB = JSON.parse(process.argv[2]);

export async function play(steps) {
  for (const name of JOB.steps) {
    const line = { step: name };
    try {
      line.got = await steps[name]();
    } catch (error) {
      line.error = {
        type: error.constructor.name,
        code: error.status ?? null,
        message: String(error.message),
        details: JSON.stringify(error.errorDetails ?? null),
      };
    }
    process.stdout.write(JSON.stringify(line) + "\n");
  }
}
