"""Streaming and offline separation: chunks in, stems out. Knows nothing of files or devices."""
