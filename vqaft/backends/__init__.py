"""Adapters to the services that train and answer."""

from vqaft.backends.fireworks import FireworksBackend
from vqaft.backends.openai.backend import OpenAIBackend
from vqaft.backends.together import TogetherBackend

__all__ = ["FireworksBackend", "OpenAIBackend", "TogetherBackend"]
