"""The executors that ask Prometheus and Loki: one GET each, its answer as a table of text."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from bot.actions.blocks import Http
from bot.actions.executors.http import HttpExecutor
from bot.actions.executors.port import Ended, Outcome, Run
from bot.actions.frozen import Step
from bot.actions.queries import LogsQuery, PrometheusQuery

_LONGEST_CELL = 2_000
_POINTS = 12
_NOT_READ = "its answer is not what that API gives"


class PrometheusExecutor:
    """Asks /api/v1/query or, with a range, /api/v1/query_range."""

    def __init__(self, http: HttpExecutor) -> None:
        self._http = http

    def run(self, step: Step, run: Run) -> Outcome:
        assert step.prometheus_query is not None
        block = step.prometheus_query
        now = time.time()
        asked: dict[str, str] = {"query": block.query, "timeout": f"{max(1, int(run.seconds))}s"}
        path = "/api/v1/query"
        if block.range is not None:
            path = "/api/v1/query_range"
            start = now - block.range.total_seconds()
            step_seconds = f"{block.step.total_seconds():.0f}"
            asked |= {"start": f"{start:.3f}", "end": f"{now:.3f}", "step": step_seconds}
        return _ask(self._http, block, f"{block.url}{path}?{urlencode(asked)}", run, _series)


class LogsExecutor:
    """Asks Loki's /loki/api/v1/query_range."""

    def __init__(self, http: HttpExecutor) -> None:
        self._http = http

    def run(self, step: Step, run: Run) -> Outcome:
        assert step.logs_query is not None
        block = step.logs_query
        now = time.time_ns()
        asked = {
            "query": block.query,
            "limit": str(block.most_rows),
            "start": str(now - int(block.since.total_seconds() * 1e9)),
            "end": str(now),
            "direction": "backward",
        }
        address = f"{block.url}/loki/api/v1/query_range?{urlencode(asked)}"
        return _ask(self._http, block, address, run, _lines)


def _ask(
    http: HttpExecutor, block: PrometheusQuery | LogsQuery, url: str, run: Run, rows: Any
) -> Outcome:
    # The limit of a template's address is for people to read; a query is longer when encoded.
    request = Http.model_construct(
        method="GET", url=url, headers=block.headers, body=None, expect=(200,)
    )
    outcome, body = http.ask(request, replace(run, on_output=lambda _: None))
    if outcome.ended is not Ended.OK:
        return replace(outcome, detail=outcome.detail + _error_in(body))
    try:
        answer = json.loads(body)
        count = 0
        for line in rows(answer["data"]):
            count += 1
            if count > block.most_rows:
                run.on_output(b"... and more\n")
                break
            run.on_output(f"{line[:_LONGEST_CELL]}\n".encode(errors="replace"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        return Outcome(Ended.FAILED, outcome.exit_code, _NOT_READ)
    if not count:
        run.on_output(b"nothing fits the query\n")
    return outcome


def _error_in(body: bytes) -> str:
    """What the API says is wrong, if it says so as it should."""
    try:
        said = json.loads(body)["error"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return f": {str(said)[:300]}"


def _series(data: Mapping[str, Any]) -> Iterator[str]:
    result = data["result"]
    if data["resultType"] in ("scalar", "string"):
        yield f"{_at(result[0])} {result[1]}"
        return
    for one in result:
        name = _labels(one["metric"])
        if "value" in one:
            yield f"{name} {one['value'][1]}"
            continue
        points = one["values"]
        # Enough of a curve to see its shape, its last point always.
        every = max(1, -(-len(points) // _POINTS))
        shown = [*points[::every][:-1], points[-1]] if points else []
        yield f"{name} " + ", ".join(f"{_at(at)} {value}" for at, value in shown)


def _lines(data: Mapping[str, Any]) -> Iterator[str]:
    if data["resultType"] != "streams":
        yield from _series(data)
        return
    found = [
        (int(at), _labels(stream["stream"]), line)
        for stream in data["result"]
        for at, line, *_ in stream["values"]
    ]
    for at, labels, line in sorted(found, reverse=True):
        yield f"{_at(at / 1e9)} {labels} {str(line).rstrip()}".replace("\n", " ")


def _labels(labels: Mapping[str, str]) -> str:
    name = labels.get("__name__", "")
    rest = ", ".join(f"{k}={json.dumps(v)}" for k, v in sorted(labels.items()) if k != "__name__")
    return f"{name}{{{rest}}}"


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).strftime("%H:%M:%S")
