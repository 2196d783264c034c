"""What the settings say about redaction, put in force."""

from pathlib import Path

from bot.redact.redact import Redactor, use


def set_up(file: Path | None, *, emails: bool, cards: bool) -> None:
    """Have `redact` know the rules of the team's `file`, and take out what is switched on.

    Holds for this process, and replaces what was set up before. Raises SettingsError with every
    mistake in the file.
    """
    from bot.redact.team import load_team_rules

    rules = load_team_rules(file) if file is not None else ()
    use(Redactor(rules, emails=emails, cards=cards))
