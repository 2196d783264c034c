"""Approved actions: what may be run, who may ask and approve, and what became of it."""
