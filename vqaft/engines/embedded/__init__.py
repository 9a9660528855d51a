"""The embedded engine: a small model that learns from a training file alone; `engine.py` says how."""
