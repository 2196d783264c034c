"""Stack traces of Python, Java, Go, Node and .NET: kept together, then reduced to what they say."""

from knowledge.text.logs.traces.assemble import Assembler, Entry, Found
from knowledge.text.logs.traces.parse import Parsed, parse

__all__ = ["Assembler", "Entry", "Found", "Parsed", "parse"]
