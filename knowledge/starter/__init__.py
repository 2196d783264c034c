"""The runbook starter pack: generic pages for what on-call engineers meet everywhere.

The pages lie beside this file as Markdown with front matter (`origin: starter`). They are
opt-in and never outrank a page that a team wrote itself.
"""

from pathlib import Path


def starter_dir() -> Path:
    """The folder that holds the pages, one `*.md` file each."""
    return Path(__file__).parent
