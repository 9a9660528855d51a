"""Adapters to the services that train and answer."""

from vqaft.backends.openai_backend import OpenAIBackend

__all__ = ["OpenAIBackend"]
