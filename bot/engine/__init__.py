"""The process that thinks: parsing, embedding, search, sending. And how others reach it."""
