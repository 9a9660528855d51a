"""Predictions through the Batch API."""
