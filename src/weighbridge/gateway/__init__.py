"""The byte path: HTTP framing, exchange lifecycle, upstream pool, observers, worker."""
