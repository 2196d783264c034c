"""How fast one channel may be spoken in."""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """A token bucket: `rate` messages a second, `burst` at once after a silence.

    Times are monotonic seconds.
    """

    rate: float
    burst: float
    tokens: float
    at: float
    closed_until: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next message may go; 0 when it may go now."""
        self._fill(now)
        missing = max(0.0, 1.0 - self.tokens) / self.rate
        # A token that is a rounding error away is there.
        return max(missing if missing > 1e-9 else 0.0, self.closed_until - now, 0.0)

    def take(self, now: float) -> None:
        self._fill(now)
        self.tokens -= 1.0

    def close(self, until: float) -> None:
        """Let nothing through before `until`: the platform said so."""
        self.closed_until = max(self.closed_until, until)

    def _fill(self, now: float) -> None:
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now


class Pacing:
    """A bucket a channel; those that are full again are forgotten."""

    def __init__(self, rate: float = 1.0, burst: float = 3.0) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: dict[str, Bucket] = {}

    def wait(self, channel: str, now: float) -> float:
        bucket = self._buckets.get(channel)
        return bucket.wait(now) if bucket is not None else 0.0

    def take(self, channel: str, now: float) -> None:
        self._forget_idle(now)
        self._bucket(channel, now).take(now)

    def close(self, channel: str, until: float, now: float) -> None:
        self._bucket(channel, now).close(until)

    def _bucket(self, channel: str, now: float) -> Bucket:
        fresh = Bucket(self._rate, self._burst, self._burst, now)
        return self._buckets.setdefault(channel, fresh)

    def _forget_idle(self, now: float) -> None:
        idle_after = self._burst / self._rate
        for channel, bucket in list(self._buckets.items()):
            if now - max(bucket.at, bucket.closed_until) > idle_after:
                del self._buckets[channel]
