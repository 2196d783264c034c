"""Measuring retrieval on JSON Lines corpora."""
