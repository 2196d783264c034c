"""The process that executes approved actions, apart from the one that parses text."""
