"""Structure of image files (JPEG, PNG, WEBP), parsed without decoding pixels."""

from vqaft.images.formats.container import Container, OutputFormat
from vqaft.images.formats.read import read_container

__all__ = [
    "Container",
    "OutputFormat",
    "read_container",
]
