"""Teach a vision model to answer questions about your own images, and find out whether it helped."""

__all__: list[str] = []
