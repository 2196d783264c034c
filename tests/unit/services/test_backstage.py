"""Backstage's catalogue files beside services.yaml."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import DataError, SettingsError
from bot.services.backstage import load_backstage, with_backstage
from bot.services.catalogue import Catalogue
from bot.services.file import load_catalogue
from bot.services.model import Service
from bot.settings import load_settings
from bot.strict_yaml import parse_all

CHECKOUT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  description: Where people pay
  annotations:
    pagerduty.com/service-id: PABC123
    pagerduty.com/integration-key: 0123456789abcdef
    backstage.io/kubernetes-id: checkout-web
    backstage.io/kubernetes-label-selector: 'app=shop-checkout,tier=front'
    grafana/alert-label-selector: "service=checkout-service"
    alertmanager/labels: job=checkout-metrics, severity=page
  labels:
    app.kubernetes.io/name: checkout-app
spec:
  type: service
  lifecycle: production
  owner: group:default/team-storefront
  system: shop
  dependsOn:
    - component:default/payments-api
    - resource:orders-db
    - component:kept-elsewhere
    - api:default/prices
"""
OTHERS = """\
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: shop}
spec: {owner: team-shop}
---
kind: Component
metadata: {name: payments-api}
spec: {system: shop, owner: user:default/dora}
---
kind: Resource
metadata: {name: orders-db}
spec: {type: database, system: shop}
---
kind: Group
metadata: {name: team-shop}
spec: {children: [1, 2]}
---
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for place, text in (("checkout", CHECKOUT), ("platform/all", OTHERS)):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "catalog-info.yaml").write_text(text)
    (tmp_path / "mkdocs.yml").write_text("not: ours: at all")
    return tmp_path


def by_name(services: list[Service]) -> dict[str, Service]:
    return {service.name: service for service in services}


def test_components_and_resources_are_services(folder: Path) -> None:
    found = by_name(load_backstage(folder))
    assert list(found) == ["checkout", "payments-api", "orders-db"]
    assert found["checkout"].depends_on == ("payments-api", "orders-db")
    assert found["checkout"].owner == "team-storefront"


def test_what_names_no_owner_has_that_of_its_system(folder: Path) -> None:
    found = by_name(load_backstage(folder))
    assert (found["payments-api"].owner, found["orders-db"].owner) == ("dora", "team-shop")


def test_alerts_are_known_by_the_names_in_annotations_and_labels(folder: Path) -> None:
    catalogue = load_catalogue(None, folder)
    for label, value in {
        "service": "PABC123",
        "container": "checkout-web",
        "app": "shop-checkout",
        "service_name": "checkout-service",
        "job": "checkout-metrics",
        "app_kubernetes_io_name": "checkout-app",
    }.items():
        assert catalogue.resolve({label: value}).service == "checkout", value
    assert catalogue.resolve({"severity": "page"}).service is None


def test_a_key_in_an_annotation_becomes_no_name(folder: Path) -> None:
    assert "0123456789abcdef" not in str(load_backstage(folder))


def test_one_file_will_do(folder: Path) -> None:
    file = folder / "platform" / "all" / "catalog-info.yaml"
    assert [one.name for one in load_backstage(file)] == ["payments-api", "orders-db"]


def test_services_yaml_goes_first_and_backstage_adds_to_it(folder: Path) -> None:
    own = folder / "services.yaml"
    own.write_text(
        """
services:
  - {name: shop-till, tier: 1, aliases: [checkout], depends_on: [cache]}
  - {name: cache, owner: team-data, aliases: [PABC123]}
environments: [prod/eu-1]
"""
    )
    catalogue = load_catalogue(own, folder)
    till = catalogue.services["shop-till"]
    assert (till.tier, till.owner) == (1, "team-storefront")
    assert till.depends_on == ("cache", "payments-api", "orders-db")
    assert "checkout" not in catalogue.services
    assert catalogue.resolve({"service": "checkout-web"}).service == "shop-till"
    assert catalogue.resolve({"service": "PABC123"}).service == "cache"
    assert catalogue.environments == ("prod/eu-1",)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("kind: Component\nmetadata: {}\n", 2, "metadata.name is missing"),
        ("metadata: {name: a}\n", 1, "kind is missing"),
        ("kind: Component\nmetadata: [a]\n", 2, "metadata is no mapping"),
        ("- kind: Component\n", 1, "a mapping with kind, metadata and spec is expected"),
        ("kind: Component\nmetadata:\n  name: [a]\n", 3, "metadata.name is no text"),
        (
            "kind: Component\nmetadata: {name: a}\nspec:\n  owner: 5\n",
            4,
            "spec.owner is no text",
        ),
        (
            "kind: Component\nmetadata: {name: a}\nspec:\n  dependsOn: component:b\n",
            4,
            "spec.dependsOn is no list",
        ),
        (
            "kind: Component\nmetadata: {name: a}\nspec:\n  dependsOn:\n    - b\n    - {c: d}\n",
            6,
            "spec.dependsOn[1] is no text",
        ),
        (
            "kind: Component\nmetadata: {name: a}\n---\nkind: Component\nmetadata:\n  name: a\n",
            6,
            "'a' is declared at",
        ),
        ("kind: Component\n---\nkind: Component\nkind: System\n", 4, "appears twice"),
        ("a: &a [1]\nb: *a\n", 2, "aliases"),
        ("a: !!python/object:os.system {}\n", 1, "not YAML that Recall reads"),
        ("[" * 60, 1, "nested too deep"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    file = tmp_path / "catalog-info.yaml"
    file.write_text(text)
    with pytest.raises(DataError) as told:
        load_backstage(tmp_path)
    assert any(
        one.startswith(f"{file}:{line}") and what in one for one in str(told.value).splitlines()
    ), told.value


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "catalog-info.yaml").write_text("kind: Component\n")
    with pytest.raises(DataError) as told:
        load_backstage(tmp_path)
    assert str(told.value).count("metadata.name is missing") == 2


def test_a_folder_without_a_file_and_a_path_that_is_not_there_are_mistakes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no catalog-info\.yaml"):
        load_backstage(tmp_path)
    with pytest.raises(DataError, match="neither a file nor a folder"):
        load_backstage(tmp_path / "gone")
    with pytest.raises(SettingsError, match="neither a file nor a folder"):
        load_settings(environment={"RECALL_BACKSTAGE_PATH": str(tmp_path / "gone")})


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, folder: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("kind: Component\nmetadata: {name: stranger}\n")
    (folder / "linked").mkdir()
    (folder / "linked" / "catalog-info.yaml").symlink_to(outside)
    assert "stranger" not in by_name(load_backstage(folder))


def test_every_document_keeps_its_own_lines() -> None:
    first, second, third = parse_all("a: 1\n---\nb: 2\n---\n", "x")
    assert (first.line_of(("a",)), second.line_of(("b",))) == (1, 3)
    assert third.content is None
    assert parse_all("", "x") == []


WORDS = st.sampled_from(["a", "b", "c", "A", "x1", "x2"])
SERVICES = st.lists(
    st.builds(
        lambda name, aliases: Service(name=name, aliases=tuple(aliases)),
        WORDS,
        st.lists(WORDS, max_size=3),
    ),
    max_size=4,
    unique_by=lambda service: service.name,
)


@given(SERVICES, SERVICES)
def test_whatever_is_put_together_a_name_means_one_service(
    declared: list[Service], found: list[Service]
) -> None:
    owner: dict[str, str] = {}
    for service in declared:
        owner.setdefault(service.name.lower(), service.name)
    own = Catalogue(declared)
    both = Catalogue(with_backstage(declared, found))
    for service in declared:
        assert service.name in both.services
        for alias in (service.name, *service.aliases):
            before = own.resolve({"service": alias}).service
            assert both.resolve({"service": alias}).service == before or before is None
