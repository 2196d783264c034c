"""The pager that the settings name."""

import ssl

from bot.pager.pagerduty import PagerDuty
from bot.settings import Settings


def open_pager(settings: Settings) -> PagerDuty | None:
    """The configured pager, to be closed by the caller; None where none is configured."""
    token, sender = settings.pagerduty_token, settings.pagerduty_from
    if token is None or not sender:
        return None
    return PagerDuty(
        token.get_secret_value(),
        sender,
        settings.pagerduty_url,
        proxy=settings.https_proxy,
        ca=ssl.create_default_context(cafile=settings.ca_bundle),
    )
