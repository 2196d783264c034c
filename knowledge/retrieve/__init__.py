"""Ranking: candidates, features, fusion, confidence."""
