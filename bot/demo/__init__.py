"""The demo: a story told on the real product. Nothing outside this room knows that it exists."""
