"""What every alert source must do: read its own golden bodies, and never raise a surprise."""

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.alerts.json_body import parse_json
from bot.alerts.model import Alert
from bot.alerts.reading import MAX_ALERTS, MAX_LABELS, MAX_TEXT
from bot.alerts.sources import SOURCES
from bot.errors import BadPayload
from tests.support.dev_data import dev_data, payloads

DATA = Path(__file__).parents[1] / "data" / "sources"


def as_json(alert: Alert) -> dict[str, Any]:
    """An alert as the golden files write it."""
    return {
        "source": alert.source,
        "fingerprint": alert.fingerprint,
        "name": alert.name,
        "status": alert.status.value,
        "severity": alert.severity.value,
        "starts_at": alert.starts_at.isoformat() if alert.starts_at else None,
        "ends_at": alert.ends_at.isoformat() if alert.ends_at else None,
        "summary": alert.summary,
        "description": alert.description,
        "labels": dict(alert.labels),
        "links": dict(alert.links),
        "group_key": alert.group_key,
    }


def golden_files() -> list[Path]:
    return sorted(DATA.glob("*/*.json"))


def golden_bodies(source: str) -> list[Any]:
    return [json.loads(path.read_text())["body"] for path in sorted((DATA / source).glob("*.json"))]


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_golden_body_gives_the_alerts_written_beside_it(path: Path) -> None:
    golden = json.loads(path.read_text(encoding="utf-8"))
    found = SOURCES[path.parent.name].parse(golden["body"])
    assert [as_json(alert) for alert in found] == golden["alerts"]


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_registered_under_its_own_name_and_has_golden_bodies(name: str) -> None:
    assert SOURCES[name].name == name
    assert SOURCES[name].title
    bodies = golden_bodies(name)
    assert bodies
    assert {alert.source for body in bodies for alert in SOURCES[name].parse(body)} == {name}


@pytest.mark.parametrize("name", SOURCES)
def test_parsing_is_pure(name: str) -> None:
    for body in golden_bodies(name):
        before = copy.deepcopy(body)
        assert SOURCES[name].parse(body) == SOURCES[name].parse(body)
        assert body == before


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("body", [None, 1, "alert", [], True, {}, {"alerts": 5}, {"alerts": []}])
def test_what_is_no_body_of_the_tool_is_refused_with_a_path(name: str, body: object) -> None:
    with pytest.raises(BadPayload, match=r"\$"):
        SOURCES[name].parse(body)


@pytest.mark.parametrize("name", SOURCES)
def test_too_many_alerts_or_labels_are_refused_and_long_texts_are_cut(name: str) -> None:
    def body(count: int, labels: dict[str, str]) -> Any:
        one = (
            {"status": "firing", "labels": {"alertname": "A", **labels}}
            if name == "alertmanager"
            else {"name": "A", "labels": labels}
        )
        return {"alerts": [one] * count}

    assert len(SOURCES[name].parse(body(MAX_ALERTS, {}))) == MAX_ALERTS
    with pytest.raises(BadPayload, match="1000"):
        SOURCES[name].parse(body(MAX_ALERTS + 1, {}))
    with pytest.raises(BadPayload, match="128"):
        SOURCES[name].parse(body(1, {f"l{i}": "v" for i in range(MAX_LABELS + 1)}))
    with pytest.raises(BadPayload):
        SOURCES[name].parse(body(1, {"x" * 300: "v"}))
    [cut] = SOURCES[name].parse(body(1, {"long": "y" * 10_000}))
    assert len(cut.labels["long"]) == MAX_TEXT
    assert cut.labels["long"].endswith("[cut]")


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            " ",
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "2026-02-30T00:00:00Z",
            "2026-11-19T03:12:00.123456789123Z",
            "9" * 5000,
            10**4000,
            "resolved",
            "x" * 100_000,
            [],
            {},
            [[]],
            {"a": {"b": {}}},
            {str(i): "v" for i in range(200)},
        ]
    ),
)


def _places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if here:
        yield here
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _places(child, (*here, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _places(child, (*here, index))


def mutated(body: Any, rng: random.Random, odd: Any) -> Any:
    """`body` with one place removed, replaced by `odd`, or given `odd` as a neighbour."""
    body = copy.deepcopy(body)
    *way, last = rng.choice(list(_places(body)))
    parent = body
    for step in way:
        parent = parent[step]
    match rng.randrange(3):
        case 0:
            del parent[last]
        case 1:
            parent[last] = odd
        case _ if isinstance(parent, dict):
            parent[rng.choice(["labels", "status", "startsAt", "starts_at", "key"])] = odd
        case _:
            parent.append(odd)
    return body


def _never_surprises(name: str, seed: int, odd: list[Any]) -> None:
    rng = random.Random(seed)
    body = rng.choice(golden_bodies(name))
    for value in odd:
        if any(True for _ in _places(body)):
            body = mutated(body, rng, value)
    try:
        alerts = SOURCES[name].parse(body)
    except BadPayload as error:
        alerts, complaint = [], str(error)
    else:
        complaint = ""
    assert bool(alerts) != bool(complaint)
    assert len(complaint) < 2000
    for alert in alerts:
        for moment in (alert.starts_at, alert.ends_at):
            assert moment is None or moment.utcoffset() is not None
        assert alert.name
        assert alert.fingerprint.startswith(f"{name}:1:")
        assert all(isinstance(value, str) for value in alert.labels.values())


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), odd=st.lists(ODD_VALUES, min_size=1, max_size=4))
def test_no_mutation_of_a_valid_body_raises_anything_but_bad_payload(
    name: str, seed: int, odd: list[Any]
) -> None:
    _never_surprises(name, seed, odd)


@pytest.mark.soak
@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), odd=st.lists(ODD_VALUES, min_size=1, max_size=6))
def test_no_mutation_in_a_long_run_raises_anything_but_bad_payload(
    name: str, seed: int, odd: list[Any]
) -> None:
    _never_surprises(name, seed, odd)


@pytest.mark.dev_data
def test_every_recorded_body_of_an_alertmanager_parses() -> None:
    folder = dev_data("payloads")
    shaped = {
        name: body
        for name, body in payloads(folder)
        if isinstance(body, dict)
        and isinstance(body.get("alerts"), list)
        and "receiver" in body
        and all(isinstance(one, dict) and "labels" in one for one in body["alerts"])
    }
    assert len(shaped) >= 9
    for name, body in shaped.items():
        found = SOURCES["alertmanager"].parse(body)
        assert len(found) == len(body["alerts"]), name


@pytest.mark.dev_data
@pytest.mark.parametrize("name", SOURCES)
def test_no_recorded_body_of_any_tool_makes_a_source_crash(name: str) -> None:
    for _, body in payloads(dev_data("payloads")):
        with suppress(BadPayload):
            SOURCES[name].parse(body)


@pytest.mark.bench
def test_alertmanager_bodies_of_five_alerts_parse_fast_enough() -> None:
    [whole] = [
        body
        for body in golden_bodies("alertmanager")
        if body["groupKey"]
        == '{}/{team="shop"}:{alertname="CheckoutHighErrorRate", service="checkout"}'
    ]
    body = {**whole, "alerts": (whole["alerts"] * 3)[:5]}
    raw = json.dumps(body).encode()
    started = perf_counter()
    count = 0
    while perf_counter() - started < 1.0:
        SOURCES["alertmanager"].parse(parse_json(raw))
        count += 1
    print(f"alertmanager: {count} bodies/s of five alerts")
    assert count > 5_000
