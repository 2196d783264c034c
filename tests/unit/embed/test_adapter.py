import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from knowledge.embed import adapter as adapters
from knowledge.embed.adapter import FACTS, FORMAT, MOST_BYTES, add_to, joint_digest, read
from knowledge.errors import ModelError

BASE = "b" * 64
NAME = "encoder.layer.0.output.dense"


class Encoder:
    """One matrix by the name that an adapter changes."""

    def __init__(self) -> None:
        self.weight = torch.zeros(3, 2)

    def named_parameters(self) -> list[tuple[str, Any]]:
        return [(f"{NAME}.weight", self.weight)]


def write(path: Path, *, base: str = BASE, name: str = NAME, wide: int = 2) -> adapters.Adapter:
    parts = {f"{name}.down": torch.ones(1, wide), f"{name}.up": torch.ones(3, 1)}
    facts = {"format": FORMAT, "base": base}
    save_file(parts, str(path), metadata={FACTS: json.dumps(facts)})
    return read(path)


def test_an_adapter_is_added_to_the_weights_it_names(tmp_path: Path) -> None:
    encoder = Encoder()
    add_to(encoder, write(tmp_path / "a.safetensors"), BASE)
    assert torch.equal(encoder.weight, torch.ones(3, 2))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"base": "c" * 64}, "another embedding model"),
        ({"name": "encoder.nowhere"}, "does not fit the model at encoder.nowhere"),
        ({"wide": 5}, "another shape"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    tmp_path: Path, made: dict[str, Any], words: str
) -> None:
    encoder = Encoder()
    with pytest.raises(ModelError, match=words):
        add_to(encoder, write(tmp_path / "a.safetensors", **made), BASE)
    assert torch.equal(encoder.weight, torch.zeros(3, 2))


@pytest.mark.parametrize("keep", [0, 7, 40, -1])
def test_a_cut_file_is_damaged(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.safetensors"
    write(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelError, match="damaged"):
        add_to(Encoder(), read(path), BASE)


def test_a_pickle_in_its_place_is_never_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"\x80\x04\x95\x00cos\nsystem\n")
    with pytest.raises(ModelError, match="damaged"):
        add_to(Encoder(), read(path), BASE)


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        read(tmp_path / "none.safetensors")
    (tmp_path / "huge").write_bytes(b"x" * (MOST_BYTES + 1))
    with pytest.raises(ModelError, match="over 5 MB"):
        read(tmp_path / "huge")


def test_another_adapter_is_another_model(tmp_path: Path) -> None:
    one = write(tmp_path / "a.safetensors")
    two = SimpleNamespace(digest="d" * 64)
    assert len({joint_digest(BASE, None), joint_digest(BASE, one), joint_digest(BASE, two)}) == 3  # type: ignore[arg-type]
    assert joint_digest(BASE, None) == BASE
