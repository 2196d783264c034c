"""An inbox in memory for the Slack front's tests."""

import threading

from bot.errors import DatabaseBusy
from bot.jobs.ports import InboxItem


class ListInbox:
    """Keeps items by dedupe key as the real one does; refuses while `busy`."""

    def __init__(self) -> None:
        self.items: list[InboxItem] = []
        self.busy = False
        self.changed = threading.Condition()

    def add(self, item: InboxItem) -> None:
        with self.changed:
            if self.busy:
                raise DatabaseBusy("the disk is full")
            if item.dedupe_key not in [kept.dedupe_key for kept in self.items]:
                self.items.append(item)
            self.changed.notify_all()

    def wait_for(self, count: int, timeout: float = 10.0) -> list[InboxItem]:
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.items) >= count, timeout):
                raise TimeoutError(f"{len(self.items)} of {count} items came in")
            return list(self.items)
