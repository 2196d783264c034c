"""Adapters: small low-rank changes of a model's weights, added to them when the model is loaded.

An adapter file is a safetensors file of at most 5 MB. For each changed matrix `NAME.weight` of the
transformer it holds `NAME.down`, shape (rank, in), and `NAME.up`, shape (out, rank); the matrix
becomes `weight + up @ down` (LoRA, Hu et al., ICLR 2022, with its scale already multiplied in).
Merged like this it costs nothing at run time. Its metadata names the base model by digest, so it
is never added to weights that it was not made for.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.errors import ModelError

SHIPPED = Path(__file__).parent / "ops_adapter" / "adapter.safetensors"
SHIPPED_SHA256 = "0fc5f4e873f01dab03dbc4fa61d3101fe703b7913fdd93d9db566695e374682b"
"""Of the adapter that comes with Recall; its model card stands beside it."""

MOST_BYTES = 5_000_000
FORMAT = "recall-lora-1"
FACTS = "recall"
"""The one key of the metadata: JSON, since several keys come in no fixed order."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A file that was checked: where it is, and its SHA-256."""

    path: Path
    digest: str


def shipped() -> Adapter:
    """The adapter that comes with Recall; ModelError when it is not the one that is pinned."""
    found = read(SHIPPED)
    if found.digest != SHIPPED_SHA256:
        raise ModelError(
            f"the adapter that comes with Recall is not the pinned one (SHA-256 "
            f"{found.digest[:12]}..., expected {SHIPPED_SHA256[:12]}...); install Recall again"
        )
    return found


def read(path: Path) -> Adapter:
    """ModelError when the file is missing or larger than an adapter may be."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"the adapter {path} cannot be read: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise ModelError(f"the adapter {path} is over {MOST_BYTES // 1_000_000} MB")
    return Adapter(path, hashlib.sha256(data).hexdigest())


def joint_digest(base: str, adapter: Adapter | None) -> str:
    """What identifies the model: the base's digest, or one over the base and its adapter."""
    if adapter is None:
        return base
    return hashlib.sha256(f"{base}+{adapter.digest}".encode()).hexdigest()


def add_to(transformer: Any, adapter: Adapter, base: str) -> None:
    """Add the adapter to a transformer's weights, in place; before any change of number type.

    Raises ModelError: a damaged file, one made for another base model (`base` is the digest of
    this one), or one that does not fit the weights' names and shapes. Then nothing was changed.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(adapter.path), framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get(FACTS, "{}"))
            parts = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"the adapter {adapter.path} is damaged: {error}") from error
    if facts.get("format") != FORMAT:
        raise ModelError(f"{adapter.path} is no adapter of the format {FORMAT}")
    if facts.get("base") != base:
        raise ModelError(
            f"the adapter {adapter.path} was made for another embedding model (SHA-256 "
            f"{str(facts.get('base'))[:12]}...); this one is {base[:12]}..."
        )
    weights = dict(transformer.named_parameters())
    changes = []
    for name in sorted({part.rpartition(".")[0] for part in parts}):
        weight = weights.get(f"{name}.weight")
        up, down = parts.get(f"{name}.up"), parts.get(f"{name}.down")
        if weight is None or up is None or down is None or up.ndim != 2 or down.ndim != 2:
            raise ModelError(f"the adapter {adapter.path} does not fit the model at {name}")
        if (up.shape[0], down.shape[1]) != tuple(weight.shape) or up.shape[1] != down.shape[0]:
            raise ModelError(f"the adapter {adapter.path} has another shape than {name}")
        changes.append((weight, up, down))
    with torch.no_grad():
        for weight, up, down in changes:
            weight += (up.float() @ down.float()).to(weight.dtype)
