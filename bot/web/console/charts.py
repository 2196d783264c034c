"""Charts as plain geometry for an SVG. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.incidents.model import TimelineEntry, TimelineKind

BARS = 48
_WIDTH, _HEIGHT = 720, 96
_LEAST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Bar:
    """In the units of the SVG. `says` is what it stands for, in words."""

    x: float
    y: float
    width: float
    height: float
    says: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`most` is what a bar of full height counts."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    begins: datetime
    ends: datetime
    most: int
    total: int


def firing_chart(timeline: Sequence[TimelineEntry], now: datetime) -> Chart | None:
    """Alerts that fired over the time of an incident; None when none did."""
    moments = [each.at for each in timeline if each.kind is TimelineKind.ALERT_FIRED]
    if not moments:
        return None
    last = max((each.at for each in timeline), default=now)
    return bars_over(moments, min(moments), max(last, min(moments) + _LEAST), "alerts fired")


def bars_over(
    moments: Sequence[datetime], begins: datetime, ends: datetime, what: str, bars: int = BARS
) -> Chart:
    """How many of `moments` fall into each of `bars` equal parts of the time. ValueError when
    the time is empty."""
    if ends <= begins:
        raise ValueError("a chart needs some time to stand over")
    counts = [0] * bars
    for moment in moments:
        share = (moment - begins) / (ends - begins)
        if 0 <= share <= 1:
            counts[min(bars - 1, int(share * bars))] += 1
    most = max(counts)
    step = _WIDTH / bars
    drawn = []
    for index, count in enumerate(counts):
        if count:
            height = _HEIGHT * count / most
            at = begins + (ends - begins) * index / bars
            says = f"{at:%Y-%m-%d %H:%M} UTC: {count} {what}"
            drawn.append(
                Bar(
                    round(index * step + 0.5, 2),
                    round(_HEIGHT - height, 2),
                    round(step - 1, 2),
                    round(height, 2),
                    says,
                )
            )
    return Chart(_WIDTH, _HEIGHT, tuple(drawn), begins, ends, most, len(moments))
