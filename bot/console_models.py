"""The models and indexes of this installation for the console, and changing what is in force."""

from dataclasses import dataclass
from pathlib import Path

from bot.errors import DataError
from bot.web.console.parts import IndexLine, ModelLine
from knowledge.errors import ModelError
from knowledge.index.generations import Generations
from knowledge.learn.registry import SHIPPED, Registry


@dataclass(frozen=True, slots=True)
class ModelRoom:
    """Over the data folder and the folder of indexes. `pinned` is the model that the settings
    name, "" for none: it is in force then, whatever was promoted."""

    data_dir: Path
    index_dir: Path
    pinned: str = ""

    def models(self) -> list[ModelLine]:
        """The shipped one first, then the oldest first. DataError where they cannot be read."""
        registry = Registry(self.data_dir)
        try:
            current, found = registry.current, registry.candidates()
        except (OSError, ValueError) as error:
            raise DataError(f"the models cannot be read: {error}") from error
        lines = [ModelLine(SHIPPED, current == SHIPPED, False, "", "comes with Recall")]
        lines += [
            ModelLine(
                name=one.name,
                is_current=one.name == current,
                may_be_promoted=one.passed and one.name != current,
                made_at=str(one.facts.get("made_at") or ""),
                verdict=str(one.facts.get("verdict") or ""),
            )
            for one in found
        ]
        return lines

    def indexes(self) -> list[IndexLine]:
        return [
            IndexLine(one.name, one.passages, one.bytes, one.is_served)
            for one in Generations(self.index_dir).list()
        ]

    def promote(self, name: str) -> str:
        """The name of what is in force from the next start on. DataError where it may not be."""
        try:
            return Registry(self.data_dir).promote(name).name
        except ModelError as error:
            raise DataError(str(error)) from error

    def rollback(self) -> str:
        """The name of what was before. DataError where there was none."""
        try:
            return Registry(self.data_dir).rollback()
        except ModelError as error:
            raise DataError(str(error)) from error
