"""Recall's remembering half: text to vectors, what is alike, and how sure. Never imports `bot`."""
