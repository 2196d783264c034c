"""A delivery's raw body, by its content type: JSON, or an HTML form that holds or is the values."""

from urllib.parse import parse_qsl

from bot.alerts.json_body import clean_text, parse_json, shown
from bot.errors import BadPayload

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 500
"""Most fields of a form."""
_HOLDS_JSON = ("payload", "data", "message")


def read_body(body: bytes, content_type: str = "") -> object:
    """The value of a body. Raises BadPayload, saying where it is not what it should be.

    A form with one field called payload, data or message, as GitHub and others send it, is the
    JSON in that field; any other form is an object of texts.
    """
    if content_type.partition(";")[0].strip().lower() != FORM:
        return parse_json(body)
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            max_num_fields=MAX_FIELDS,
            errors="replace",
        )
    except UnicodeDecodeError as error:
        raise BadPayload(f"the form is not UTF-8: byte {error.start} cannot be read") from None
    except ValueError:
        raise BadPayload(f"the form has more than {MAX_FIELDS} fields") from None
    if not pairs:
        raise BadPayload("the form is empty")
    if len(pairs) == 1 and pairs[0][0] in _HOLDS_JSON:
        return parse_json(pairs[0][1].encode("utf-8", "replace"))
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise BadPayload(f"the form has the field {shown(name)} twice")
        found[clean_text(name)] = clean_text(value)
    return found
