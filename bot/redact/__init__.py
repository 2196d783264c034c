"""Secrets out of text. `redact` is used on everything that leaves the inbox."""

from bot.redact.redact import REDACTION_VERSION, redact, redact_labels

__all__ = ["REDACTION_VERSION", "redact", "redact_labels"]
