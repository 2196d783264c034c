"""Runbooks from a git repository, through the git command as a process of its own.

A bare copy is kept and brought up to date; pages are read out of it by their digest and nothing
is ever checked out, so that no hook, filter, link or submodule of the repository comes into play.
git reads no configuration of the user or the machine, asks nobody for anything, follows no
redirect, and speaks only https, ssh and file.
"""

import base64
import hashlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from knowledge.errors import BadDocument
from knowledge.loaders.archive import is_safe_name
from knowledge.loaders.files import megabytes
from knowledge.loaders.outcome import Known, Loaded, Outcomes, Problem, file_digest
from knowledge.loaders.pages_zip import is_page, page_of_bytes, slug_of
from knowledge.text.pages import MAX_PAGE_BYTES

PROTOCOLS = ("https", "ssh", "file")
FETCH_SECONDS = 300.0
READ_SECONDS = 60.0
_MAX_FILES = 100_000
_LISTING_BYTES = 64 * 1024**2
_HEAD = "refs/recall/head"
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+@-]{0,199}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_REGULAR = ("100644", "100755")
_LINK = "120000"
_ANSI = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_FETCH = ("fetch", "--force", "--no-tags", "--no-write-fetch-head", "--quiet")
_SSH = "ssh -oBatchMode=yes -oStrictHostKeyChecking=yes -oConnectTimeout=20"
_CONFIG = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "credential.helper=",
    "http.followRedirects=false",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.ssh.allow=always",
    "protocol.file.allow=always",
    "fetch.recurseSubmodules=false",
    "transfer.fsckObjects=true",
    "gc.auto=0",
    "maintenance.auto=false",
)


@dataclass(frozen=True, slots=True)
class GitSource:
    """A branch ("" for the remote's own) of a repository, and the folder in it ("" for all)."""

    url: str
    branch: str = ""
    folder: str = ""

    def __post_init__(self) -> None:
        """BadDocument for an address, branch or folder that git could take for something else."""
        _check_url(self.url)
        if self.branch and (
            not _BRANCH.fullmatch(self.branch) or ".." in self.branch or "@{" in self.branch
        ):
            raise BadDocument(f"{self.branch!r} cannot be the name of a branch")
        if self.folder and not is_safe_name(self.folder):
            raise BadDocument(f"{self.folder!r} is no folder inside the repository")

    @property
    def name(self) -> str:
        """What to call it; addresses hold no secrets, as `__post_init__` sees to."""
        branch = f"#{self.branch}" if self.branch or self.folder else ""
        return f"git+{self.url}{branch}{f':{self.folder}' if self.folder else ''}"


@dataclass(frozen=True, slots=True)
class GitAccess:
    """How to reach remotes. `tokens` are (user, password) by https host, sent to that host alone;
    `ca_bundle` is a PEM file, `proxy` an http address."""

    tokens: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    ca_bundle: Path | None = None
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The branch as it is now: its commit (hex). `was_rewritten` says that the commit of the
    time before is no part of its history any more."""

    commit: str
    was_rewritten: bool


def fetch(
    source: GitSource, copies: Path, access: GitAccess, *, timeout: float = FETCH_SECONDS
) -> Fetched:
    """Bring the copy under `copies` up to date.

    Raises BadDocument, with what git said, when the remote or the branch is gone, cannot be
    reached in time, or refuses us. The copy stays as it was.
    """
    repository = _Repository(_place(source, copies), access, source)
    repository.make()
    before = repository.head()
    branch = f"refs/heads/{source.branch}" if source.branch else "HEAD"
    try:
        repository.run(
            [*_FETCH, "--", source.url, f"+{branch}:{_HEAD}"],
            timeout,
        )
    except BadDocument as error:
        raise BadDocument(f"{source.name} cannot be fetched: {error}") from error
    now = repository.head()
    if now is None:
        raise BadDocument(f"{source.name} holds no commit")
    rewritten = before is not None and not repository.is_ancestor(before, now)
    return Fetched(now, rewritten)


def load(
    source: GitSource,
    copies: Path,
    commit: str,
    *,
    url_base: str | None = None,
    known: Known | None = None,
) -> Outcomes:
    """Each page of a commit that was fetched as a Runbook; what cannot be read as a Problem.
    Pages that are the same as `known` are left out, unread: git names contents by their digest.

    The id is the path below the folder without its suffix. Raises BadDocument when the commit
    has no such folder or more than 100,000 files in it.
    """
    repository = _Repository(_place(source, copies), GitAccess(), source)
    prefix = f"{source.folder.strip('/')}/" if source.folder.strip("/") else ""
    with repository.blobs() as blobs:
        for entry in repository.tree(commit, prefix):
            name = entry.path.removeprefix(prefix)
            if entry.mode == _LINK and is_page(name):
                yield Problem(entry.path, None, "is a link; name the page itself")
                continue
            if entry.mode not in _REGULAR or not is_page(name):
                continue
            url = f"{url_base.rstrip('/')}/{quote(name)}" if url_base else None
            try:
                if not is_safe_name(name):
                    raise BadDocument("has a name that is no path")
                if entry.size > MAX_PAGE_BYTES:
                    raise BadDocument(f"is longer than {megabytes(MAX_PAGE_BYTES)}; split it")
                digest = file_digest(entry.digest.encode(), name, url)
                if known is None or not known.is_unchanged(slug_of(name), digest, entry.path):
                    page = page_of_bytes(blobs.read(entry), name, url)
                    yield Loaded(page, entry.path, digest=digest)
            except BadDocument as error:
                yield Problem(entry.path, None, str(error))


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    digest: str
    size: int
    path: str


class _Repository:
    """One bare copy, and git on it."""

    def __init__(self, place: Path, access: GitAccess, source: GitSource) -> None:
        self._place = place
        self._access = access
        self._source = source

    def make(self) -> None:
        if (self._place / "HEAD").is_file():
            return
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.run(["init", "--bare", "--quiet", "--template=", "--", "."], READ_SECONDS)

    def head(self) -> str | None:
        try:
            told = self.run(["rev-parse", "--verify", "--quiet", f"{_HEAD}^{{commit}}"])
        except BadDocument:
            return None
        return told.decode().strip() or None

    def is_ancestor(self, before: str, now: str) -> bool:
        try:
            self.run(["merge-base", "--is-ancestor", before, now])
        except BadDocument:
            return False
        return True

    def tree(self, commit: str, prefix: str) -> Iterator[_Entry]:
        tree = f"{commit}:{prefix.rstrip('/')}" if prefix else commit
        try:
            listing = self.run(["ls-tree", "-r", "-z", "-l", "--full-tree", tree])
        except BadDocument as error:
            raise BadDocument(f"{self._source.name}: there is no such folder ({error})") from error
        rows = listing.split(b"\0")
        if len(rows) > _MAX_FILES:
            raise BadDocument(f"{self._source.name} holds more than {_MAX_FILES:,} files")
        for row in rows:
            if not row:
                continue
            facts, _, path = row.partition(b"\t")
            mode, _, digest, size = facts.split()
            name = path.decode("utf-8", "replace")
            length = int(size) if size.isdigit() else 0
            yield _Entry(mode.decode(), digest.decode(), length, f"{prefix}{name}")

    def blobs(self) -> "_Blobs":
        return _Blobs(self._command(["cat-file", "--batch"]), self._place, self._environment())

    def run(self, arguments: Sequence[str], timeout: float = READ_SECONDS) -> bytes:
        """What git writes. Raises BadDocument with what it complains of."""
        try:
            process = subprocess.Popen(
                self._command(arguments),
                cwd=self._place,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise BadDocument(f"git cannot be started: {error.strerror or error}") from error
        try:
            out, complaint = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise BadDocument(f"it took longer than {timeout:g} s") from error
        finally:
            _end(process)
        if process.returncode != 0:
            raise BadDocument(_plain(complaint) or f"git ended with {process.returncode}")
        if len(out) > _LISTING_BYTES:
            raise BadDocument("git had more to tell than can be read")
        return out

    def _command(self, arguments: Sequence[str]) -> list[str]:
        settings = [part for one in _CONFIG for part in ("-c", one)]
        return ["git", *settings, *arguments]

    def _environment(self) -> dict[str, str]:
        """Nothing of ours but the path: tokens go in as configuration, which no listing of
        processes shows, as arguments would be."""
        found = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._place),
            "LC_ALL": "C",
            "GIT_DIR": str(self._place.resolve()),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "true",
            "SSH_ASKPASS": "true",
            "GIT_ALLOW_PROTOCOL": ":".join(PROTOCOLS),
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_SSH_COMMAND": _SSH,
        }
        if (agent := os.environ.get("SSH_AUTH_SOCK")) is not None:
            found["SSH_AUTH_SOCK"] = agent
        if self._access.ca_bundle is not None:
            found["GIT_SSL_CAINFO"] = str(self._access.ca_bundle)
        if self._access.proxy:
            found["https_proxy"] = self._access.proxy
        host = urlsplit(self._source.url).netloc.lower()
        token = self._access.tokens.get(host)
        if token is not None and self._source.url.startswith("https://"):
            word = base64.b64encode(":".join(token).encode()).decode()
            found |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.https://{host}/.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {word}",
            }
        return found


class _Blobs:
    """Reads contents by digest through one running git. A context manager."""

    def __init__(self, command: Sequence[str], place: Path, environment: Mapping[str, str]) -> None:
        self._command = command
        self._place = place
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "_Blobs":
        self._process = subprocess.Popen(
            self._command,
            cwd=self._place,
            env=dict(self._environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None:
            _end(self._process)

    def read(self, entry: _Entry) -> bytes:
        """Raises BadDocument when the copy lacks it."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(f"{entry.digest}\n".encode())
            process.stdin.flush()
        except OSError as error:
            raise BadDocument("cannot be read from the copy of the repository") from error
        head = process.stdout.readline(200).split()
        if len(head) != 3 or not head[2].isdigit() or int(head[2]) != entry.size:
            raise BadDocument("is missing in the copy of the repository")
        content = process.stdout.read(entry.size + 1)  # ends with a line break of its own
        return content[: entry.size]


def _place(source: GitSource, copies: Path) -> Path:
    digest = hashlib.sha256(f"{source.url}\0{source.branch}".encode()).hexdigest()
    return copies / f"{digest[:24]}.git"


def _end(process: subprocess.Popen[bytes]) -> None:
    """git and all that it started; what has ended is let be."""
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if any(character.isspace() or not character.isprintable() for character in url):
        raise BadDocument("the address of a repository has no spaces or line breaks in it")
    if parts.scheme not in PROTOCOLS or not url.startswith(f"{parts.scheme}://"):
        allowed = ", ".join(f"{name}://" for name in PROTOCOLS)
        raise BadDocument(f"the address of a repository begins with {allowed}")
    if parts.query or parts.fragment:
        raise BadDocument("the address of a repository has no ? or # in it")
    if parts.scheme == "file":
        if parts.netloc or not PurePosixPath(parts.path).is_absolute():
            raise BadDocument("a repository on this machine is file:///ABSOLUTE/PATH")
        return
    if parts.password is not None or (parts.scheme == "https" and parts.username is not None):
        raise BadDocument("an address holds no password or token; see RECALL_SYNC_TOKENS")
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadDocument("the address of a repository has a port that is none") from error
    del port
    if not _HOST.fullmatch(f"[{host}]" if ":" in host else host):
        raise BadDocument(f"{host!r} cannot be the name of a host")
    if parts.username is not None and not _USER.fullmatch(parts.username):
        raise BadDocument(f"{parts.username!r} cannot be the name of a user")


def _plain(complaint: bytes) -> str:
    """git's last words in one line, without orders to a terminal."""
    lines = _ANSI.sub(" ", complaint[-4_000:].decode("utf-8", "replace")).split("\n")
    said = [line.removeprefix("fatal: ").removeprefix("error: ").strip() for line in lines]
    return "; ".join(line for line in said if line)[:500]
