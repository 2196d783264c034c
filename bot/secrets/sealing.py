"""Sealing: authenticated encryption under the installation's own key.

Fernet (AES-128-CBC with HMAC-SHA256) of the cryptography package. The key comes from the
environment; on one machine, where none is set, from a file beside the database that is made at
first use and that nobody else may read. Of several keys the first seals and all open, so that one
can be exchanged.
"""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.errors import DataError, SettingsError

KEY_FILE = "secret.key"
_SIGN_DIGITS = 8
NO_KEY = "a sealing key is 32 bytes in URL-safe base64; `recall sources key` makes one"

Sealing = Callable[[], "Sealer"]
"""Opens the key when it is needed first. Raises SettingsError or DataError in words."""


class NotOpened(DataError):
    """A sealed secret that none of the keys opens."""


class Sealer:
    """`keys` are Fernet keys, the newest first. SettingsError, without a key in its words, for
    what is none."""

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise SettingsError([NO_KEY]) from None
        # The oldest: signs stay what they are while a newer key comes in.
        self._sign_key = base64.urlsafe_b64decode(keys[-1])

    def seal(self, source: str, secret: str) -> str:
        """Bound to its source: put under another name it is not opened."""
        text = json.dumps([source, secret])
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, source: str, sealed: str) -> str:
        """Raises NotOpened."""
        try:
            name, secret = json.loads(self._fernet.decrypt(sealed.encode()))
        except (InvalidToken, ValueError):
            raise NotOpened(f"no key opens the secrets of {source}") from None
        if name != source:
            raise NotOpened(f"the secrets of {source} are those of another source")
        return str(secret)

    def sign(self, secret: str) -> str:
        """What people tell secrets apart by."""
        made = hmac.digest(self._sign_key, b"sign:" + secret.encode(), hashlib.sha256)
        return made.hex()[:_SIGN_DIGITS]


def new_key() -> str:
    return Fernet.generate_key().decode()


def key_in_file(path: Path) -> list[str]:
    """The keys in the file, a line each; a new file with a new key where there is none.

    Raises DataError where it cannot be used: others may read it, it is empty, the disk is full.
    """
    try:
        _make(path)
        if path.stat().st_mode & 0o077:
            raise DataError(f"{path} can be read by others; make it private: chmod 600 {path}")
        keys = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the key file {path} cannot be used: {error}") from None
    if not keys:
        raise DataError(f"the key file {path} is empty; put a copy of it back")
    return keys


def _make(path: Path) -> None:
    """Two processes that begin at once end with one key: the file appears with its content."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{new_key()}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)
