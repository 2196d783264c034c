from pathlib import Path

import pytest

from knowledge.errors import ModelError
from knowledge.learn.registry import SHIPPED, Registry


def made(folder: Path, content: bytes) -> Path:
    path = folder / "made.safetensors"
    path.write_bytes(content)
    return path


def test_without_a_promotion_the_shipped_model_is_in_force(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    assert registry.current == SHIPPED
    assert registry.adapter() is None
    assert registry.candidates() == []


def test_a_model_that_passed_is_promoted_and_can_be_taken_back(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    one = registry.add(made(tmp_path, b"one"), {"passed": True, "made_at": "2026-01-01"})
    two = registry.add(made(tmp_path, b"two"), {"passed": True, "made_at": "2026-01-02"})
    registry.promote(one.name)
    registry.promote(two.name[:6])
    assert registry.current == two.name
    path = registry.adapter()
    assert path is not None
    assert path.read_bytes() == b"two"
    assert registry.rollback() == one.name
    assert registry.rollback() == SHIPPED
    assert registry.adapter() is None
    with pytest.raises(ModelError, match="none was ever promoted"):
        registry.rollback()


def test_promoting_the_one_in_force_changes_nothing(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    one = registry.add(made(tmp_path, b"one"), {"passed": True})
    registry.promote(one.name)
    registry.promote(one.name)
    assert registry.rollback() == SHIPPED


def test_a_model_that_did_not_pass_is_refused_with_its_verdict(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    one = registry.add(made(tmp_path, b"one"), {"passed": False, "verdict": "+0.1 points"})
    with pytest.raises(ModelError, match=r"\+0.1 points"):
        registry.promote(one.name)
    with pytest.raises(ModelError, match="no model is named"):
        registry.promote("nothing")
    assert registry.current == SHIPPED


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_a_model_in_force_that_is_not_what_it_was_is_never_served(
    tmp_path: Path, harm: str
) -> None:
    registry = Registry(tmp_path)
    one = registry.add(made(tmp_path, b"one"), {"passed": True})
    registry.promote(one.name)
    if harm == "gone":
        one.path.unlink()
    else:
        one.path.write_bytes(b"other")
    with pytest.raises(ModelError, match="missing or was changed"):
        registry.adapter()
