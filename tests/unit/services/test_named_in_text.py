"""Which service and environment free words name."""

import pytest

from bot.services.catalogue import Catalogue
from bot.services.model import Service

CATALOGUE = Catalogue(
    services=(Service(name="checkout"), Service(name="orders-db", aliases=("orders-postgres",))),
    environments=("prod/eu-1", "staging"),
)


@pytest.mark.parametrize(
    ("text", "service", "environment"),
    [
        ("checkout is slow in prod/eu-1", "checkout", "prod/eu-1"),
        ("Checkout, in Staging!", "checkout", "staging"),
        ("orders-postgres on stage", "orders-db", "staging"),
        ("orders-db-0 is full", None, None),
        ("checkout waits for orders-db", None, None),
        ("prod is slow", None, None),
        ("", None, None),
    ],
)
def test_what_is_named(text: str, service: str | None, environment: str | None) -> None:
    about = CATALOGUE.named_in_text(text)
    assert (about.service, about.environment) == (service, environment)


def test_all_services_that_words_name_but_not_by_a_plain_word() -> None:
    words = {"calls", "from", "checkout", "to", "orders-postgres", "time", "out", "orders-db-0"}
    assert CATALOGUE.named_among(words) == {"orders-db"}
    assert CATALOGUE.named_among(()) == frozenset()
