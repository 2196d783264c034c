"""The card of an incident's own channel is pinned and bookmarked there, once, when it is posted."""

from slack_sdk import WebClient

from bot.chat.cards import incident_key_of
from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.errors import ChatRefused, ChatUnavailable
from bot.jobs.ports import Job
from bot.slack.client import api_call
from bot.slack.degrade import OptionalCalls
from bot.slack.reading import SlackReader
from bot.uow import UnitOfWorkFactory

ATTEMPTS = 60
"""How often it is looked whether the card is posted; later tries are a minute apart."""
_AGAIN_SECONDS = 2.0


class RoomMarks:
    """Handles one `mark_card` job; safe to repeat, since it looks before it does anything."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        client: WebClient,
        reader: SlackReader,
        clock: Clock,
        optional: OptionalCalls,
    ) -> None:
        self._optional = optional
        self._units = units
        self._client = client
        self._reader = reader
        self._clock = clock

    def handle(self, job: Job) -> None:
        """Raises ChatUnavailable while the card is not posted, or Slack is away."""
        key = str(job.payload["key"])
        with self._units.read() as uow:
            found = uow.outbox.destination(key)
            closed = found is None or uow.placements.is_closed(found[0].team_id, found[0].channel)
        if found is None or closed:
            return
        to, ref = found
        if ref is None:
            if job.attempts >= ATTEMPTS:
                return
            raise ChatUnavailable(
                f"{key} is not posted yet",
                retry_after=_AGAIN_SECONDS if job.attempts < ATTEMPTS // 2 else None,
            )
        self._tell_of_others(key, to, ref)
        self._pin(to.channel, ref)
        self._bookmark(to.channel, ref, incident_key_of(key) or "")

    def _pin(self, channel: str, ref: str) -> None:
        def pinned() -> bool:
            listed = api_call("pins.list", self._client.pins_list, channel=channel)
            return any((one.get("message") or {}).get("ts") == ref for one in listed["items"])

        def pin() -> None:
            try:
                api_call("pins.add", self._client.pins_add, channel=channel, timestamp=ref)
            except ChatRefused as error:
                if error.code != "already_pinned":
                    raise

        if not self._optional.ask("looking at pins", pinned, otherwise=False):
            self._optional.ask("pinning the card", pin, otherwise=None)

    def _bookmark(self, channel: str, ref: str, incident_key: str) -> None:
        address = self._reader.permalink(channel, ref)
        if not address:
            return

        def marked() -> bool:
            # A list that cannot be read counts as one that has it: twice would be noise.
            call = self._client.bookmarks_list
            listed = api_call("bookmarks.list", call, channel_id=channel)
            return any(one.get("link") == address for one in listed.get("bookmarks") or ())

        def mark() -> None:
            api_call(
                "bookmarks.add",
                self._client.bookmarks_add,
                channel_id=channel,
                title=f"{incident_key} card",
                type="link",
                link=address,
            )

        if not self._optional.ask("looking at bookmarks", marked, otherwise=True):
            self._optional.ask("the card's bookmark", mark, otherwise=None)

    def _tell_of_others(self, key: str, to: Destination, ref: str) -> None:
        """Say once, under the card, that the channel could have been another incident's."""
        with self._units.begin() as uow:
            incident = uow.incidents.get_by_key(incident_key_of(key) or "")
            if incident is None:
                return
            for entry in uow.incidents.timeline(incident.id):
                if entry.data.get("room") == to.channel and entry.data.get("others"):
                    text = (
                        f"{incident.key} fits this channel best because {entry.data['why']}. "
                        f"{entry.data['others']} would fit as well."
                    )
                    under = Destination(to.team_id, to.channel, ref)
                    uow.outbox.put(f"fits:{key}", under, Notice(text=text), self._clock.now())
