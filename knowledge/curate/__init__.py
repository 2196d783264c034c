"""Keeping runbooks good: versions, merging, coverage, staleness, the effect of an edit."""
