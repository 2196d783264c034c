"""Logs understood: formats, templates with counts and values, stack traces, lines that matter."""

from knowledge.text.logs.alike import Paired, pair
from knowledge.text.logs.digest import lines_in, read_log, template_of_lines
from knowledge.text.logs.matter import Matter, Reason, lines_of, what_matters
from knowledge.text.logs.mining import template_key
from knowledge.text.logs.model import (
    WILDCARD,
    Frame,
    Level,
    LogDigest,
    LogTemplate,
    Record,
    StackTrace,
    Value,
)

__all__ = [
    "WILDCARD",
    "Frame",
    "Level",
    "LogDigest",
    "LogTemplate",
    "Matter",
    "Paired",
    "Reason",
    "Record",
    "StackTrace",
    "Value",
    "lines_in",
    "lines_of",
    "pair",
    "read_log",
    "template_key",
    "template_of_lines",
    "what_matters",
]
