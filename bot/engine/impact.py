"""Previews at work: started, looked at and cancelled by calls that each answer at once."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.drafts.impact import Wanted
from bot.errors import DataError, Retryable
from knowledge.errors import Cancelled, KnowledgeError

_KEPT = 20

Work = Callable[[Wanted, Callable[[int, int], None], Callable[[], bool]], dict[str, Any]]
"""Makes a report; told how to say how far it is, and whether it is still wanted."""


@dataclass(slots=True)
class _Preview:
    state: str = "running"
    done: int = 0
    total: int = 0
    report: dict[str, Any] | None = None
    problem: str = ""
    cancelled: threading.Event = field(default_factory=threading.Event)


class ImpactDesk:
    """One preview runs at a time, others wait; the last 20 are remembered, in memory alone: an
    engine that starts again knows none of them. Safe from several threads."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._previews: OrderedDict[str, _Preview] = OrderedDict()
        self._stopped = False

    def call(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"do": "start", "page_id", "text"}` gives `{"id"}`; `{"do": "look" | "cancel", "id"}`
        gives `{"state", "done", "total"}` with the `report` of one that is done, and the `problem`
        of one that failed; the state of what is not known is "unknown". Raises DataError."""
        match body.get("do"):
            case "start":
                return self._start(Wanted.of(body))
            case "look":
                return self._look(str(body.get("id", "")))
            case "cancel":
                self._cancel(str(body.get("id", "")))
                return self._look(str(body.get("id", "")))
        raise DataError("a preview is started, looked at or cancelled")

    def stop(self) -> None:
        """Cancel what runs."""
        with self._lock:
            self._stopped = True
            for one in self._previews.values():
                one.cancelled.set()

    def _start(self, wanted: Wanted) -> dict[str, Any]:
        wanted.page()  # what is no page is told at once
        identity, preview = secrets.token_hex(8), _Preview()
        with self._lock:
            if self._stopped:
                raise DataError("the engine is stopping")
            self._previews[identity] = preview
            while len(self._previews) > _KEPT:
                _, oldest = self._previews.popitem(last=False)
                oldest.cancelled.set()
        threading.Thread(
            target=self._run, args=(wanted, preview), name="impact", daemon=True
        ).start()
        return {"id": identity}

    def _run(self, wanted: Wanted, preview: _Preview) -> None:
        def tell(done: int, total: int) -> None:
            preview.done, preview.total = done, total

        try:
            with self._turn:
                if preview.cancelled.is_set():
                    raise Cancelled("it was cancelled before it began")
                preview.report = self._work(wanted, tell, preview.cancelled.is_set)
            preview.state = "done"
        except Cancelled:
            preview.state = "cancelled"
        except (DataError, KnowledgeError, Retryable) as error:
            preview.problem, preview.state = str(error), "failed"
        finally:  # a bug goes on to the thread's end and into the log; whoever waits hears of it
            if preview.state == "running":
                preview.problem, preview.state = "it failed; the engine's log says why", "failed"

    def _look(self, identity: str) -> dict[str, Any]:
        with self._lock:
            preview = self._previews.get(identity)
        if preview is None:
            return {"state": "unknown", "done": 0, "total": 0}
        told: dict[str, Any] = {
            "state": preview.state,
            "done": preview.done,
            "total": preview.total,
        }
        if preview.state == "done":
            told["report"] = preview.report
        if preview.state == "failed":
            told["problem"] = preview.problem
        return told

    def _cancel(self, identity: str) -> None:
        with self._lock:
            preview = self._previews.get(identity)
        if preview is not None:
            preview.cancelled.set()
