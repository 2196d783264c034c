"""The settings table of `docs/contracts.md`, made from the Settings themselves.

`python -m tests.support.settings_table` renews it in the page.
"""

import re
from pathlib import Path

from pydantic_core import PydanticUndefined

from bot.settings import CONFIG_VARIABLE, Settings, variable_names

PAGE = Path(__file__).parents[2] / "docs" / "contracts.md"
RENEW = "python -m tests.support.settings_table"
_PART = re.compile(r"(?<=<!-- settings -->\n).*?(?=<!-- /settings -->)", re.DOTALL)


def settings_table() -> str:
    """One row a setting, in the order of the class, with a line end at the end."""
    rows = ["| variable | key in the file | default | what |", "|---|---|---|---|"]
    rows.append(f"| `{CONFIG_VARIABLE}` | | | the TOML settings file to read |")
    for name, field in Settings.model_fields.items():
        variables = ", ".join(f"`{one}`" for one in variable_names(name))
        default = "required" if field.default is PydanticUndefined else _shown(field.default)
        cells = (variables, f"`{name}`", default, field.description or "")
        rows.append("|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|")
    return "\n".join(rows) + "\n"


def _shown(default: object) -> str:
    return "" if default in (None, "", ()) else f"`{default}`"


def table_in(page: str) -> str:
    """What stands between the markers of `page`."""
    found = _PART.search(page)
    assert found is not None, "the page has lost its markers"
    return found.group()


def renewed(page: str) -> str:
    return _PART.sub(lambda _: settings_table(), page)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
