"""Wiring: builds models, sources, streams and writers, and runs them together."""
