"""Models on disk: the pinned one, and what is said about others."""

from pathlib import Path

import pytest

from knowledge.embed.model_files import (
    BUNDLED_SHA256,
    bundled_folder,
    check_bundled,
    check_folder,
    preferred_dtype,
)
from knowledge.errors import ModelError


def test_the_bundled_model_is_the_pinned_one() -> None:
    assert check_bundled(bundled_folder()) == BUNDLED_SHA256


def test_a_bundled_model_with_other_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(ModelError, match="not the pinned one"):
        check_bundled(tmp_path)


def test_a_bundled_model_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.safetensors is missing"):
        check_bundled(tmp_path)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere does not exist"):
        check_folder(tmp_path / "nowhere")


def test_a_folder_without_configuration_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"neither modules\.json nor"):
        check_folder(tmp_path)


def test_a_folder_without_weights_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"no .*safetensors weights"):
        check_folder(tmp_path)


def test_pickled_weights_are_never_accepted(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04pickle")
    with pytest.raises(ModelError, match="not loaded"):
        check_folder(tmp_path)


def test_the_digest_follows_the_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"one")
    first = check_folder(tmp_path)
    assert check_folder(tmp_path) == first
    (tmp_path / "model.safetensors").write_bytes(b"another")
    assert check_folder(tmp_path) != first


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx2 amx_bf16 amx_tile", "bfloat16"),
        ("fpu avx512_bf16", "bfloat16"),
        ("fpu avx2 avx512f", "float32"),
    ],
)
def test_the_number_type_follows_the_cpu(tmp_path: Path, flags: str, expected: str) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    assert preferred_dtype(cpuinfo) == expected


def test_a_machine_that_tells_nothing_about_its_cpu_gets_float32(tmp_path: Path) -> None:
    assert preferred_dtype(tmp_path / "missing") == "float32"
