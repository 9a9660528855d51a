"""The OpenAI-compatible server at home."""
