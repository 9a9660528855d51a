"""Adapters to the services that train and answer."""

from vqaft.backends.fireworks.backend import FireworksBackend
from vqaft.backends.openai.backend import OpenAIBackend
from vqaft.backends.together.backend import TogetherBackend

__all__ = ["FireworksBackend", "OpenAIBackend", "TogetherBackend"]
