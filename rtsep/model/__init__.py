"""Hybrid Transformer Demucs, written for inference."""
