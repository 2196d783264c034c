"""Every error that Recall raises on purpose.

    RecallError
    ├── Retryable                 the same call may work later; carries `retry_after` seconds
    │   ├── DatabaseBusy          locked, full, read-only for now, or not reachable
    │   ├── EngineUnavailable     the engine did not answer within its deadline
    │   ├── ChatUnavailable       the chat platform said "later" or nothing at all
    │   ├── PagerUnavailable      the pager said "later" or nothing at all
    │   └── SignOnUnavailable     the identity provider said "later", nonsense or nothing at all
    └── Permanent                 the same call will fail again; a person has to act
        ├── SettingsError         one or more settings are wrong; lists them all
        ├── BadPayload            a body that its source's parser cannot read
        │   └── NotAnAlert        one that was read, and tells of nothing that fires or ends
        ├── SchemaMismatch        the database is older or newer than this program
        ├── ChatRefused           the chat platform refused; carries its `code`
        ├── SignOnRefused         who came from the identity provider is not let in
        ├── NotAllowed            somebody asked for what their role does not give
        └── DataError             something handed to us (file, archive, record) is unusable

`knowledge` raises `knowledge.errors.KnowledgeError` and its children in the same two kinds of
wording: what is wrong, and what to do about it.
"""


class RecallError(Exception):
    """Base of all errors raised on purpose; its text is fit to be shown to a person."""


class Retryable(RecallError):
    """The same call may succeed later. `retry_after` is in seconds, or None if unknown."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DatabaseBusy(Retryable):
    """The database cannot take this now: locked, full, read-only, or not reachable."""


class EngineUnavailable(Retryable):
    """The engine process did not answer within the deadline."""


class ChatUnavailable(Retryable):
    """The chat platform is rate limiting, failing or silent."""


class PagerUnavailable(Retryable):
    """The pager is rate limiting, failing or silent."""


class SignOnUnavailable(Retryable):
    """The identity provider is failing, silent, or says what nobody can work with."""


class Permanent(RecallError):
    """The same call will fail again until a person changes something."""


class SettingsError(Permanent):
    """Wrong settings. `problems` has one plain sentence for each, none with a secret in it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SignOnRefused(Permanent):
    """A sign-in by the identity provider that must not open the console; says why, no secret."""


class BadPayload(Permanent):
    """A webhook body that its source's parser cannot read; says where and why."""


class NotAnAlert(BadPayload):
    """A body that was understood but carries no alert: a test, a note, a confirmation."""


class SchemaMismatch(Permanent):
    """The database schema and this program do not fit together."""


class ChatRefused(Permanent):
    """The chat platform refused a call for good. `code` is its own word for why."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class DataError(Permanent):
    """Something handed to us cannot be used: a file, an archive, a record."""


class NotAllowed(Permanent):
    """A person asked for something that their role does not give them."""
