"""The structure of image files, read without decoding a pixel."""

from vqaft.images.containers.container import Container, OutputFormat
from vqaft.images.containers.read import read_container

__all__ = ["Container", "OutputFormat", "read_container"]
