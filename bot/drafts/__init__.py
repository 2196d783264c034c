"""Drafts: what was proposed and counts only once somebody has said so."""
