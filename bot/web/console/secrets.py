"""Secrets of sources: written here by administrators, and shown to nobody."""

from collections.abc import Callable
from http import HTTPStatus

from fastapi import APIRouter
from starlette.responses import Response

from bot.errors import DataError, SettingsError
from bot.secrets.keeping import SecretKeeping
from bot.secrets.model import LONGEST
from bot.web.console.gate import Admin, Fields, text_in
from bot.web.console.parts import Console, ConsoleParts
from bot.web.console.rendering import ConsoleError, see_other

router = APIRouter()

_BACK = "/console/settings"


@router.post("/settings/secrets")
def add_secret(visitor: Admin, parts: Console, form: Fields) -> Response:
    """One more secret of a source; it is believed at once, those before it stay."""
    source, secret = text_in(form, "source", 100), text_in(form, "secret", LONGEST + 1)

    def add(keeping: SecretKeeping) -> str:
        sign = keeping.add(visitor.key, visitor.session.role, source, secret)
        return f"The secret of {source} is kept, known as {sign}. It is not shown again."

    return _changed(parts, add)


@router.post("/settings/secrets/remove")
def remove_secret(visitor: Admin, parts: Console, form: Fields) -> Response:
    source, sign = text_in(form, "source", 100), text_in(form, "sign", 20)

    def remove(keeping: SecretKeeping) -> str:
        keeping.remove(visitor.key, visitor.session.role, source, sign)
        return f"The secret {sign} of {source} is gone."

    return _changed(parts, remove)


def _changed(parts: ConsoleParts, change: Callable[[SecretKeeping], str]) -> Response:
    if parts.secrets is None:
        raise ConsoleError(HTTPStatus.NOT_FOUND, "No secrets can be written here.")
    try:
        return see_other(_BACK, change(parts.secrets))
    except DataError as error:
        return see_other(_BACK, f"Nothing was changed: {error}.")
    except SettingsError as error:
        return see_other(_BACK, f"Nothing was changed: {'; '.join(error.problems)}.")
