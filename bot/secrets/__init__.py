"""Secrets of sources that an administrator writes in the console: sealed, and never shown again."""
