"""A look-alike of the Gemini API for demos, tests and benchmarks."""
