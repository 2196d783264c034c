"""Indexes over passages. Each backend has its own file and is imported by it."""
