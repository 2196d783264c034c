"""Which channels are watched for what tools post there. Pure."""

from bot.channels.model import ChannelSettings, Mode


def watched_as(settings: ChannelSettings, default_mode: Mode, *, is_default: bool) -> Mode:
    """The mode under which posts of other apps are looked at in a channel; OFF: not at all.

    A channel is watched where somebody chose a mode for it. The deployment's default counts for
    the channel that cards go to alone: others have not been asked.
    """
    if settings.mode is not None:
        return settings.mode
    return default_mode if is_default else Mode.OFF
