"""How two alerts hang together: machines, names in texts, likeness, the way between services."""

from datetime import UTC, datetime

from bot.incidents.traces import Trace, alike, hops, names, namespace_of, node_of, words_of

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
NEEDS = {("web", "api"), ("api", "queue"), ("queue", "db")}


def depends(one: str, other: str) -> bool:
    return (one, other) in NEEDS


def a_trace(service: str, text: str) -> Trace:
    return Trace(name="A", service=service, at=NOW, words=words_of(text))


def test_a_text_names_a_service_as_a_whole_word() -> None:
    words = words_of("calls from basket-api to orders-db: time out.")
    assert names(words, "orders-db")
    assert names(words, "Basket-API")
    assert not names(words, "orders")
    assert not names(words_of("search is slow"), "search"), "a plain word names nothing"
    assert not names(words, None)


def test_texts_are_alike_only_where_both_speak_of_one_particular_thing() -> None:
    one = a_trace("a", "dial tcp 10.0.4.7:5432 connection refused")
    other = a_trace("b", "connection refused by 10.0.4.7:5432, dial tcp")
    found = alike(one, other)
    assert found is not None
    assert found[1] == "10.0.4.7:5432"
    assert found[0] > 0.8
    assert alike(a_trace("a", "5 % of requests fail"), a_trace("b", "9 % of requests fail")) is None
    far = a_trace("b", "the nightly job that copies invoices could not reach 10.0.4.7:5432 again")
    assert alike(one, far) is None


def test_the_machine_and_the_namespace_come_from_labels() -> None:
    assert node_of({"pod": "x", "instance": "10.0.0.1:9100", "node": "N-1"}) == "n-1"
    assert node_of({"pod": "x"}) is None
    assert namespace_of({"namespace": "shop"}) == "shop"
    assert namespace_of({"namespace": "kube-system"}) is None


def test_the_way_between_services_goes_through_those_that_are_there() -> None:
    assert hops("web", "db", ["api", "queue"], depends) == 3
    assert hops("web", "db", ["api"], depends) is None
    assert hops("web", "web", [], depends) == 0
    assert hops(None, "db", ["api"], depends) is None
