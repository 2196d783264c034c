"""Suggestions: what to do, each line with its citation, or an explicit abstention."""
