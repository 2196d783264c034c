"""What a check finds."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was found, and what to do when it is not ok.

    Neither text ever holds a secret.
    """

    name: str
    status: Status
    detail: str
    advice: str = ""


def ok(name: str, detail: str) -> Check:
    return Check(name, Status.OK, detail)


def warning(name: str, detail: str, advice: str) -> Check:
    return Check(name, Status.WARNING, detail, advice)


def problem(name: str, detail: str, advice: str) -> Check:
    return Check(name, Status.PROBLEM, detail, advice)
