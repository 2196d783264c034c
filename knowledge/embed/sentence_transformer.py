"""The real embedder: sentence-transformers, the bundled all-MiniLM-L6-v2 by default.

torch takes seconds to import, so it is imported in `load` and nowhere else.
"""

import logging
import os
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from knowledge.embed import adapter as adapters
from knowledge.embed.model_files import (
    bundled_folder,
    check_bundled,
    check_folder,
    preferred_dtype,
)
from knowledge.embed.port import Vectors
from knowledge.errors import ModelError
from knowledge.model import Generation
from knowledge.text import TEXT_VERSION

_BUILD = 1
"""Part of the generation; raised when indexes must be rebuilt for a reason of their own."""

_BATCH = 64
_FEW = 16
"""Texts that one thread embeds. Where something else keeps a core busy, several threads wait for
the one that is not run, at each of the model's forty products; on a calm machine they save a third
of the time. Imports give more at once."""

_CHARACTERS_A_PIECE = 40
"""Text beyond this many characters a word piece of the window cannot reach the model."""

_NOISY = ("sentence_transformers", "transformers", "huggingface_hub", "httpx")
_DTYPES = ("float32", "bfloat16")
_FILES_OF_A_MODEL = ("*.json", "*.txt", "*.model", "*.safetensors")


class SentenceTransformerEmbedder:
    """Unit vectors of a sentence-transformers model, on the CPU. Made by `load`."""

    def __init__(self, model: Any, generation: Generation) -> None:
        self._model = model
        self._generation = generation
        # The fast tokenizers keep truncation as state and may not be entered twice at once.
        self._lock = threading.Lock()
        self._most_characters = generation.max_length * _CHARACTERS_A_PIECE
        self._has_prompt = bool(model.default_prompt_name)
        self._threads = _threads()
        # The name of sentence-transformers 6, and the one before.
        self._read = getattr(model, "preprocess", None) or model.tokenize

    @classmethod
    def load(
        cls,
        model: str | None = None,
        *,
        dtype: str | None = None,
        adapter: Path | Literal["shipped"] | None = "shipped",
    ) -> "SentenceTransformerEmbedder":
        """Load and warm up a model: None is the bundled one, else a folder or a hub name.

        `adapter` is added to its weights: a file, or the one that comes with Recall, which is
        for the bundled model and left out for any other; None adds nothing.

        `dtype` is "float32" or "bfloat16"; None takes what suits this CPU. A hub name is
        fetched unless HF_HUB_OFFLINE is set. Sets environment variables that keep the
        libraries below quiet (and, for the bundled model, off the network).

        Raises ModelError: missing, damaged, not the pinned one, or not loadable.
        """
        dtype = dtype or preferred_dtype()
        if dtype not in _DTYPES:
            raise ModelError(f"unknown number type {dtype!r}; use one of {', '.join(_DTYPES)}")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        if model is None:
            os.environ["HF_HUB_OFFLINE"] = "1"
            folder = bundled_folder()
            digest = check_bundled(folder)
        else:
            folder = Path(model).expanduser()
            if not folder.exists():
                folder = _fetched(model)
            digest = check_folder(folder)
        if adapter == "shipped":
            added = adapters.shipped() if model is None else None
        else:
            added = adapters.read(adapter) if adapter is not None else None
        return cls._from_folder(folder, digest, dtype, added)

    @classmethod
    def _from_folder(
        cls, folder: Path, digest: str, dtype: str, adapter: adapters.Adapter | None
    ) -> "SentenceTransformerEmbedder":
        for name in _NOISY:
            logging.getLogger(name).setLevel(logging.ERROR)
        _silence_transformers()
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer

        try:
            model = SentenceTransformer(
                os.fspath(folder),
                device="cpu",
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            first_line = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelError(
                f"the embedding model in {folder} cannot be loaded: {first_line}"
            ) from error
        if adapter is not None:
            adapters.add_to(model[0].auto_model, adapter, digest)
        if dtype == "bfloat16":
            model.to(torch.bfloat16)
        model.eval()
        generation = Generation(
            model_digest=adapters.joint_digest(digest, adapter),
            pooling=_pooling_of(model),
            max_length=int(model.max_seq_length or 512),
            dimension=_dimension_of(model),
            text_version=TEXT_VERSION,
            build=_BUILD,
            dtype=dtype,
        )
        embedder = cls(model, generation)
        embedder.embed(["warm up", "the second text of a warm-up is a little longer " * 8])
        return embedder

    @property
    def generation(self) -> Generation:
        return self._generation

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, shape (len(texts), dimension); text past the window is cut.

        Calls from several threads take turns; put a `BatchingEmbedder` in front to merge them.
        """
        if not texts:
            return np.zeros((0, self._generation.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        clean = [self._clean(texts[at]) for at in order]
        batches = (clean[start : start + _BATCH] for start in range(0, len(clean), _BATCH))
        with self._lock:
            _use_threads(1 if len(texts) <= _FEW else self._threads)
            # bfloat16 keeps 8 bits of mantissa: norms come out at .998 to 1.003, hence once more.
            found = np.concatenate([self._rows(batch).float().numpy() for batch in batches])
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
        vectors = np.empty(found.shape, dtype=np.float32)
        vectors[order] = found
        return vectors

    def _rows(self, texts: Sequence[str]) -> Any:
        """The model's answer for a batch, a tensor of shape (len(texts), dimension).

        `encode` checks its arguments, its modules and their modes anew each time, which is a
        quarter of what a single question costs; a model that wants a prompt before its texts still
        goes that way.
        """
        if self._has_prompt:
            return self._model.encode(texts, convert_to_tensor=True, show_progress_bar=False)
        import torch

        with torch.inference_mode():
            return self._model(self._read(texts))["sentence_embedding"]

    def _clean(self, text: str) -> str:
        """Cut what cannot reach the model; lone surrogates are not UTF-8 and become "?"."""
        return text[: self._most_characters].encode("utf-8", "replace").decode("utf-8")


@cache
def _threads() -> int:
    """How many threads torch would use: asked once, before any embedder chooses another number."""
    import torch

    return torch.get_num_threads()


def _use_threads(count: int) -> None:
    import torch

    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


def _silence_transformers() -> None:
    """Its own switches, besides the loggers: the loader prints bars and a report otherwise."""
    from transformers.utils import logging as quiet

    switches: Any = quiet  # the library's functions carry no types
    switches.set_verbosity_error()
    switches.disable_progress_bar()


def _pooling_of(model: Any) -> str:
    for module in model:
        mode = getattr(module, "pooling_mode", None)  # sentence-transformers 6
        if mode is None and hasattr(module, "get_pooling_mode_str"):  # and before
            mode = module.get_pooling_mode_str()
        if mode is not None:
            return mode if isinstance(mode, str) else "+".join(map(str, mode))
    return "none"


def _dimension_of(model: Any) -> int:
    return int(model.encode(["x"], convert_to_tensor=True, show_progress_bar=False).shape[1])


def _fetched(name: str) -> Path:
    """The folder of a hub model, from the local cache or, unless offline, from the hub."""
    from httpx import HTTPError
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    repository = name if "/" in name else f"sentence-transformers/{name}"
    try:
        return Path(snapshot_download(repository, allow_patterns=list(_FILES_OF_A_MODEL)))
    except HFValidationError as error:
        raise ModelError(
            f"the embedding model {name!r} is neither a folder that exists nor a model name"
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, HTTPError, OSError) as error:
        raise ModelError(
            f"the embedding model {name!r} is not on this machine and could not be fetched; "
            "fetch it once where the network allows it and give its folder, unset "
            "HF_HUB_OFFLINE, or leave the setting empty to use the bundled model"
        ) from error
