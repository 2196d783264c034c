"""Text understood: pages into passages, volatile tokens masked.

`TEXT_VERSION` is part of the index generation. Raise it whenever `masking`, `words`,
`sections` or `passages` gives another result for the same input: every index is then rebuilt.
"""

TEXT_VERSION = 1
