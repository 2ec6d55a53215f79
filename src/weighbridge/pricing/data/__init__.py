"""Price data: `google.json` is generated from genai-prices, `overlay.toml` is written by hand."""
