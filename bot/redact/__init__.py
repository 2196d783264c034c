"""Secrets out of text. `redact` is used on everything that leaves the inbox."""

from bot.redact.redact import REDACTION_VERSION, redact, redact_labels
from bot.redact.setup import set_up
from bot.redact.stream import StreamRedactor

__all__ = ["REDACTION_VERSION", "StreamRedactor", "redact", "redact_labels", "set_up"]
