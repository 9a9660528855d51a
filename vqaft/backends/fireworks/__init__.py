"""Fireworks AI."""
