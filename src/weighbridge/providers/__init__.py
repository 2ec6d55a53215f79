"""Wire formats: which call a path is, and what an answer says it consumed. One file a provider."""
