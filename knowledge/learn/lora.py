"""The trainable part: low-rank changes of the upper layers of a BERT-like encoder.

The layers below stay as they are, so what they make of a text is computed once and remembered:
that, and not the adapter's few parameters, is what makes training fit into minutes on a CPU.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

_MATRICES = (
    ("attention.self", "query"),
    ("attention.self", "key"),
    ("attention.self", "value"),
    ("attention.output", "dense"),
    ("intermediate", "dense"),
    ("output", "dense"),
)
_AT_ONCE = 32


class _Changed(nn.Module):
    """A linear map with a low-rank change added; zero at first."""

    def __init__(self, inner: Any, rank: int, dropout: float) -> None:
        super().__init__()
        self.inner = inner
        self.down = nn.Parameter(torch.randn(rank, inner.in_features) / inner.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(inner.out_features, rank))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        low = functional.linear(self.dropout(x), self.down)
        whole: torch.Tensor = self.inner(x) + _SCALE * functional.linear(low, self.up)
        return whole


_SCALE = 2.0
"""As alpha = 2 * rank in the LoRA paper; multiplied in when the adapter is written."""


class UpperLayers:
    """The top `layers` of an encoder with their adapter, on remembered lower states."""

    def __init__(
        self,
        model: Any,
        *,
        layers: int,
        rank: int,
        max_length: int,
        states: dict[str, torch.Tensor] | None = None,
    ) -> None:
        """`model` is a SentenceTransformer with mean pooling; its upper layers are changed.
        `states` are remembered ones of an earlier training with the same numbers."""
        self._tokenizer = model.tokenizer
        self._encoder = model[0].auto_model
        self._layers = list(self._encoder.encoder.layer)
        self._first = len(self._layers) - layers
        self._max_length = max_length
        self._states = {} if states is None else states
        self._changed: dict[str, _Changed] = {}
        self._rank = rank

    def remember(self, texts: Sequence[str], tell: Any = None) -> None:
        """Compute the lower states of the texts, as half floats; before `begin`."""
        self._encoder.eval()
        waiting = sorted({text for text in texts if text not in self._states}, key=len)
        with torch.inference_mode():
            for start in range(0, len(waiting), _AT_ONCE):
                batch = waiting[start : start + _AT_ONCE]
                tokens = self._tokenizer(
                    batch,
                    padding=True,
                    truncation=True,
                    max_length=self._max_length,
                    return_tensors="pt",
                )
                mask = tokens["attention_mask"]
                state = self._through(
                    self._encoder.embeddings(tokens["input_ids"]),
                    mask,
                    self._layers[: self._first],
                )
                for row, text in enumerate(batch):
                    self._states[text] = state[row, : int(mask[row].sum())].half().clone()
                if tell is not None:
                    tell(start + len(batch), len(waiting))

    def begin(self, dropout: float = 0.05) -> list[nn.Parameter]:
        """Put the adapter in; the parameters to train."""
        for parameter in self._encoder.parameters():
            parameter.requires_grad = False
        for number in range(self._first, len(self._layers)):
            for place, name in _MATRICES:
                parent = self._layers[number].get_submodule(place)
                changed = _Changed(getattr(parent, name), self._rank, dropout)
                setattr(parent, name, changed)
                self._changed[f"encoder.layer.{number}.{place}.{name}"] = changed
        self._encoder.train()
        return [one for each in self._changed.values() for one in (each.down, each.up)]

    def vectors(self, texts: Sequence[str]) -> torch.Tensor:
        """Unit vectors of remembered texts, shape (len(texts), dimension), with gradients."""
        states = [self._states[text].float() for text in texts]
        longest = max(len(state) for state in states)
        joined = torch.zeros(len(states), longest, states[0].shape[1])
        mask = torch.zeros(len(states), longest)
        for row, state in enumerate(states):
            joined[row, : len(state)] = state
            mask[row, : len(state)] = 1.0
        out = self._through(joined, mask, self._layers[self._first :])
        mean = (out * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return functional.normalize(mean, dim=-1)

    def tensors(self) -> Mapping[str, torch.Tensor]:
        """The adapter as `knowledge.embed.adapter` reads it, half floats."""
        found: dict[str, torch.Tensor] = {}
        for name, each in self._changed.items():
            found[f"{name}.down"] = each.down.detach().half().contiguous()
            found[f"{name}.up"] = (each.up.detach() * _SCALE).half().contiguous()
        return found

    @staticmethod
    def _through(state: Any, mask: torch.Tensor, layers: Sequence[Any]) -> Any:
        hidden = (1.0 - mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
        for layer in layers:
            out = layer(state, hidden)
            state = out[0] if isinstance(out, tuple) else out
        return state


def warmed_and_cooled(step: int, steps: int) -> float:
    """The learning rate's factor: up over the first tenth, then down in a line."""
    return min(1.0, (step + 1) / max(1, math.ceil(0.1 * steps))) * max(0.02, 1 - step / steps)
