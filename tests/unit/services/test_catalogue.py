"""From labels to a service and an environment, with and without services.yaml."""

from pathlib import Path

import pytest

from bot.errors import DataError
from bot.services.catalogue import Catalogue
from bot.services.file import load_catalogue, parse_catalogue

SHOP = """
services:
  - name: checkout
    tier: 1
    owner: shop-team
    aliases: [checkout-web, "Checkout Service"]
    depends_on: [orders-db]
  - name: orders-db
    aliases: [orders-postgres]
  - name: invoice-exporter
environments: [prod/eu-1, prod/us-1, staging]
"""


@pytest.fixture
def shop() -> Catalogue:
    return parse_catalogue(SHOP)


@pytest.mark.parametrize(
    ("labels", "name", "service", "via"),
    [
        ({"service": "checkout"}, "", "checkout", "service"),
        ({"service": "CHECKOUT-WEB"}, "", "checkout", "service"),
        ({"job": "orders-postgres", "service": "unheard-of"}, "", "orders-db", "job"),
        ({"job": "node-exporter"}, "OrdersDbConnectionsNearLimit", "orders-db", "alert name"),
        ({"job": "shop/api"}, "OrdersDbConnectionsNearLimit", "orders-db", "alert name"),
        ({"service": "cart"}, "CheckoutHighErrorRate", "cart", "service"),
        ({"job": "invoice-exporter"}, "", "invoice-exporter", "job"),
        ({"app": "vault-agent", "namespace": "security"}, "", "vault-agent", "app"),
        ({"app.kubernetes.io/name": "cart"}, "", "cart", "app.kubernetes.io/name"),
        ({"job": "kube-state-metrics", "namespace": "shop"}, "", "shop", "namespace"),
        ({"service": "prom-kube-state-metrics"}, "", None, ""),
        ({"service": "  "}, "", None, ""),
        ({}, "SomethingElse", None, ""),
    ],
)
def test_the_service_is_found_and_the_label_that_told_it_named(
    shop: Catalogue, labels: dict[str, str], name: str, service: str | None, via: str
) -> None:
    found = shop.resolve(labels, name)
    assert (found.service, found.via) == (service, via)


@pytest.mark.parametrize(
    ("labels", "environment", "cluster"),
    [
        ({"env": "production", "cluster": "eu-1"}, "prod/eu-1", "eu-1"),
        ({"environment": "Prod", "region": "US-1"}, "prod/us-1", "US-1"),
        ({"environment": "prod/eu-1"}, "prod/eu-1", "eu-1"),
        ({"stage": "staging", "cluster": "k3s"}, "staging", "k3s"),
        ({"env": "prod", "cluster": "ap-9"}, "prod/ap-9", "ap-9"),
        ({"cluster": "us-1"}, "prod/us-1", "us-1"),
        ({"cluster": "prod-eu-1"}, "prod/eu-1", "prod-eu-1"),
        ({"cluster": "lab"}, "lab", "lab"),
        ({"env": "dev"}, "dev", None),
        ({}, None, None),
    ],
)
def test_the_environment_includes_the_cluster(
    shop: Catalogue, labels: dict[str, str], environment: str | None, cluster: str | None
) -> None:
    found = shop.resolve(labels)
    assert (found.environment, found.cluster) == (environment, cluster)


def test_without_a_catalogue_labels_speak_alone() -> None:
    found = load_catalogue(None).resolve({"service": "x", "env": "prod", "cluster": "eu-1"})
    assert (found.service, found.environment) == ("x", "prod/eu-1")


def test_dependencies_have_a_direction(shop: Catalogue) -> None:
    assert shop.depends("checkout", "orders-db")
    assert not shop.depends("orders-db", "checkout")
    assert not shop.depends("unheard-of", "orders-db")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("services: [", "not YAML"),
        ("- a", "a mapping"),
        ("services: 5", "services"),
        ("servces: []", "servces"),
        ("services: [{tier: 1}]", r"services.0.name"),
        ("services: [{name: a, tier: one}]", r"services.0.tier"),
        ("services: [{name: a, owner: x, owner: y}]", "'owner' appears twice"),
        ("services: [{name: a}, {name: a}]", "declared twice"),
        ("services: [{name: a, aliases: [b]}, {name: b}]", "names both"),
        ("services: [{name: a, depends_on: [b]}]", "'b', which is not declared"),
        ("a: !!python/object/apply:os.getcwd []", "not YAML"),
    ],
)
def test_a_mistake_in_the_file_is_told_in_plain_words(text: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        parse_catalogue(text)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(DataError) as found:
        parse_catalogue("services: [{name: a, depends_on: [b, c]}]")
    assert len(str(found.value).splitlines()) == 2


def test_an_empty_file_is_an_empty_catalogue(tmp_path: Path) -> None:
    file = tmp_path / "services.yaml"
    file.write_text("# nothing yet\n")
    assert not load_catalogue(file).services


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gone"):
        load_catalogue(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    "text",
    ["services: " + "[" * 5_000, "x: " + "{a: " * 17 + "1" + "}" * 17, "- " * 17 + "a"],
    ids=["lists never closed", "mappings", "block lists"],
)
def test_what_is_nested_deeper_than_any_catalogue_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="nested too deep"):
        parse_catalogue(text)
