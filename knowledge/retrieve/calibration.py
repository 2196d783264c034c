"""Confidence fitted to a team's own history: what the prior's probabilities turned out to mean.

A calibration is made by `knowledge.evaluate.calibrate` and kept as a small JSON file. It belongs
to one model and one version of the confidence; for any other it is refused.
"""

import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from knowledge.errors import CalibrationError
from knowledge.retrieve.confidence import CONFIDENCE_VERSION, DEFAULT_THRESHOLD, RUNBOOK_THRESHOLD
from knowledge.retrieve.judge import IncidentVerdict, is_linked

_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Scaling:
    """Platt scaling: the logistic of `slope` times the prior's log odds plus `shift`."""

    slope: float = 1.0
    shift: float = 0.0

    def of(self, probability: float) -> float:
        """The probability as this scaling has it, in 0..1; unchanged by the usual one."""
        if self == Scaling():
            return probability
        return 1.0 / (1.0 + math.exp(-(self.slope * log_odds(probability) + self.shift)))


@dataclass(frozen=True, slots=True)
class Fitted:
    """One kind of answer: its scaling, the least probability to answer from, and of how many
    judged cases it was made (0: the prior as it comes)."""

    threshold: float
    scaling: Scaling = Scaling()
    cases: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """`model_digest` and `confidence_version` say what it was made with; `made_at` is ISO 8601,
    "" for the prior that comes with Recall."""

    incidents: Fitted = Fitted(DEFAULT_THRESHOLD)
    runbooks: Fitted = Fitted(RUNBOOK_THRESHOLD)
    budget: float = 0.05
    model_digest: str = ""
    confidence_version: int = CONFIDENCE_VERSION
    made_at: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def verdict(self, verdict: IncidentVerdict) -> IncidentVerdict:
        """What past incidents say, with this calibration's probabilities. A person's word, which
        a link is, needs none."""
        if not verdict.order or is_linked(verdict.order[0]):
            return verdict
        scaling = self.incidents.scaling
        if verdict.separated:
            confidence = scaling.of(verdict.confidence)
            return replace(
                verdict, confidence=confidence, fits=max(confidence, scaling.of(verdict.fits))
            )
        fits = scaling.of(verdict.fits)
        return replace(verdict, fits=fits, confidence=fits * verdict.why["cause"])


PRIOR = Calibration()


def log_odds(probability: float) -> float:
    """ln(p / (1 - p)), the very ends cut off."""
    inside = min(max(probability, _EDGE), 1.0 - _EDGE)
    return math.log(inside / (1.0 - inside))


def read_calibration(path: Path, model_digest: str) -> Calibration:
    """The calibration kept in a file, the prior where there is no file.

    Raises CalibrationError for one that cannot be read or was made with something else.
    """
    try:
        kept = json.loads(path.read_bytes())
    except FileNotFoundError:
        return PRIOR
    except (OSError, ValueError) as error:
        raise CalibrationError(f"{path} cannot be read: {error}") from error
    try:
        made = Calibration(
            incidents=_fitted(kept["incidents"]),
            runbooks=_fitted(kept["runbooks"]),
            budget=float(kept["budget"]),
            model_digest=str(kept["model_digest"]),
            confidence_version=int(kept["confidence_version"]),
            made_at=str(kept["made_at"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CalibrationError(f"{path} is no calibration that this version knows") from error
    if made.model_digest != model_digest or made.confidence_version != CONFIDENCE_VERSION:
        raise CalibrationError(f"{path} was made with another model or version")
    return made


def _fitted(kept: dict[str, Any]) -> Fitted:
    scaling = Scaling(float(kept["scaling"]["slope"]), float(kept["scaling"]["shift"]))
    return Fitted(float(kept["threshold"]), scaling, int(kept["cases"]))
