"""Pages out of git repositories: a real git, real repositories on this machine."""

import logging
import os
import subprocess
from pathlib import Path

import pytest

from knowledge.errors import BadDocument
from knowledge.loaders import git
from knowledge.loaders.git import GitAccess, GitSource
from knowledge.loaders.outcome import Loaded, Problem
from knowledge.model import Runbook

HERE = GitAccess()


class Remote:
    """A repository that a team pushes to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def says(self, **pages: str) -> None:
        for name, text in pages.items():
            path = self.folder / f"{name.replace('__', '/')}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=x")

    @property
    def url(self) -> str:
        return f"file://{self.folder}"


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote")


def _read(
    source: GitSource, copies: Path, **more: object
) -> tuple[dict[str, Runbook], dict[str, str], git.Fetched]:
    fetched = git.fetch(source, copies, HERE)
    pages, problems = {}, {}
    for one in git.load(source, copies, fetched.commit, **more):  # type: ignore[arg-type]
        if isinstance(one, Loaded):
            assert isinstance(one.document, Runbook)
            pages[one.document.id] = one.document
        else:
            assert isinstance(one, Problem)
            problems[one.file] = one.reason
    return pages, problems, fetched


def test_a_folder_of_a_branch_is_read_with_ids_below_it(remote: Remote, tmp_path: Path) -> None:
    remote.says(readme="# No runbook", docs__db__disk="# Disk full\n\nLook.")
    remote.git("checkout", "--quiet", "-b", "draft")
    remote.says(docs__net="# Net\n\nLook.")
    main, _, _ = _read(GitSource(remote.url, "main", "docs"), tmp_path / "copies")
    draft, _, _ = _read(
        GitSource(remote.url, "draft", "docs"), tmp_path / "copies", url_base="https://g.example"
    )
    assert sorted(main) == ["db/disk"]
    assert sorted(draft) == ["db/disk", "net"]
    assert draft["net"].url == "https://g.example/net.md"


def test_without_a_branch_the_remotes_own_is_read(remote: Remote, tmp_path: Path) -> None:
    remote.git("checkout", "--quiet", "-b", "trunk")
    remote.says(disk="# Disk full\n\nLook.")
    pages, _, _ = _read(GitSource(remote.url), tmp_path / "copies")
    assert list(pages) == ["disk"]


def test_a_second_fetch_brings_what_is_new(remote: Remote, tmp_path: Path) -> None:
    source = GitSource(remote.url, "main")
    remote.says(disk="# Disk full\n\nLook.")
    _, _, first = _read(source, tmp_path / "copies")
    remote.says(disk="# Disk full\n\nLook again.")
    pages, _, second = _read(source, tmp_path / "copies")
    assert "Look again" in pages["disk"].body
    assert (first.was_rewritten, second.was_rewritten) == (False, False)


def test_a_history_that_was_rewritten_is_told_and_still_read(
    remote: Remote, tmp_path: Path
) -> None:
    source = GitSource(remote.url, "main")
    remote.says(disk="# Disk full\n\nLook.")
    remote.says(disk="# Disk full\n\nLook again.")
    _read(source, tmp_path / "copies")
    remote.git("reset", "--quiet", "--hard", "HEAD~1")
    remote.says(disk="# Disk full\n\nLook elsewhere.")
    pages, _, fetched = _read(source, tmp_path / "copies")
    assert fetched.was_rewritten
    assert "Look elsewhere" in pages["disk"].body


def test_a_remote_or_branch_that_is_gone_is_told_and_the_copy_stays(
    remote: Remote, tmp_path: Path
) -> None:
    source, copies = GitSource(remote.url, "main"), tmp_path / "copies"
    remote.says(disk="# Disk full\n\nLook.")
    _, _, fetched = _read(source, copies)
    with pytest.raises(BadDocument, match=r"find remote ref refs/heads/gone"):
        git.fetch(GitSource(remote.url, "gone"), copies, HERE)
    remote.folder.rename(tmp_path / "moved")
    with pytest.raises(BadDocument, match=r"cannot be fetched: .*not appear to be a git repo"):
        git.fetch(source, copies, HERE)
    assert len(list(git.load(source, copies, fetched.commit))) == 1


def test_links_submodules_and_huge_pages_are_never_followed(remote: Remote, tmp_path: Path) -> None:
    remote.says(disk="# Disk full\n\nLook.")
    (remote.folder / "link.md").symlink_to("/etc/passwd")
    (remote.folder / "huge.md").write_text("x" * (6 * 1024**2))
    commit = remote.git("rev-parse", "HEAD")
    remote.git("update-index", "--add", "--cacheinfo", f"160000,{commit},module.md")
    remote.git("add", "link.md", "huge.md")
    remote.git("commit", "--quiet", "--message=x")
    pages, problems, _ = _read(GitSource(remote.url, "main"), tmp_path / "copies")
    assert list(pages) == ["disk"]
    assert problems == {
        "link.md": "is a link; name the page itself",
        "huge.md": "is longer than 5.0 MiB; split it",
    }


def test_no_hook_or_filter_of_a_repository_runs(remote: Remote, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    remote.says(disk="# Disk full\n\nLook.")
    (remote.folder / ".gitattributes").write_text("*.md filter=evil\n")
    remote.git("add", ".gitattributes")
    remote.git("commit", "--quiet", "--message=x")
    source, copies = GitSource(remote.url, "main"), tmp_path / "copies"
    _read(source, copies)
    [copy] = copies.iterdir()
    hooks = copy / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "post-merge"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
        (hooks / name).chmod(0o755)
    remote.says(disk="# Disk full\n\nLook again.")
    assert len(_read(source, copies)[0]) == 1
    assert not mark.exists()


def test_the_users_configuration_is_not_read(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote.says(disk="# Disk full\n\nLook.")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[url "file:///nowhere/"]\n\tinsteadOf = {remote.url}\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "url.file:///nowhere/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", remote.url)
    assert len(_read(GitSource(remote.url, "main"), tmp_path / "copies")[0]) == 1


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/x",
        "ext::sh",
        "--upload-pack=touch",
        "-u",
        "http://example.org/x.git",
        "git://example.org/x.git",
        "example.org:x.git",
        "/local/path",
        "ssh://-oProxyCommand=touch/x",
        "ssh://-v@example.org/x",
        "ssh://example.org:port/x",
        "https://user:secret@example.org/x",
        "https://token@example.org/x",
        "https://example.org/x y",
        "https://example.org/x\nfoo",
        "https:///x",
        "file://host/x",
        "file://relative",
        "https://example.org/x?a=b",
    ],
)
def test_addresses_that_git_could_take_for_more_are_refused(url: str) -> None:
    with pytest.raises(BadDocument) as told:
        GitSource(url)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("branch", ["-x", "a..b", "a b", "a:b", "@{u}", "^main", "x\n"])
def test_branches_that_git_could_take_for_more_are_refused(branch: str) -> None:
    with pytest.raises(BadDocument, match="name of a branch"):
        GitSource("https://example.org/x", branch)


@pytest.mark.parametrize("folder", ["../x", "/etc", "a/../../b"])
def test_folders_outside_of_the_repository_are_refused(folder: str) -> None:
    with pytest.raises(BadDocument, match="no folder inside"):
        GitSource("https://example.org/x", "main", folder)


def test_a_folder_that_the_commit_lacks_is_told(remote: Remote, tmp_path: Path) -> None:
    remote.says(disk="# Disk full\n\nLook.")
    with pytest.raises(BadDocument, match="there is no such folder"):
        _read(GitSource(remote.url, "main", "docs"), tmp_path / "copies")


@pytest.fixture
def false_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `git` that writes down how it was called, and then waits."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "git"
    program.write_text(f'#!/bin/sh\n(echo "$@"; env) >> {tmp_path}/calls\nsleep 60 & wait\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "calls"


def test_a_token_goes_to_its_own_host_and_never_to_where_it_can_be_read(
    remote: Remote,
    tmp_path: Path,
    false_git: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    access = GitAccess(tokens={"git.example.org": ("bot", "tok-canary")})
    assert "tok-canary" not in repr(access)
    copies = tmp_path / "copies"
    asked = {}
    for host in ("git.example.org", "other.example.org"):
        source = GitSource(f"https://{host}/x.git", "main")
        place = git._place(source, copies)
        place.mkdir(parents=True)
        (place / "HEAD").touch()
        repository = git._Repository(place, access, source)
        with caplog.at_level(logging.DEBUG), pytest.raises(BadDocument) as told:
            repository.run(["fetch", "--", source.url], 0.5)
        assert "took longer than 0.5 s" in str(told.value)
        asked[host] = false_git.read_text()
        false_git.write_text("")
    own, other = asked.values()
    assert "GIT_CONFIG_KEY_0=http.https://git.example.org/.extraHeader" in own
    assert "GIT_CONFIG_VALUE_0=Authorization: Basic Ym90OnRvay1jYW5hcnk=" in own
    assert "GIT_CONFIG" not in other.replace("GIT_CONFIG_NOSYSTEM", "").replace(
        "GIT_CONFIG_GLOBAL", ""
    )
    arguments = own.split("\n", 1)[0]
    assert "Basic" not in arguments
    assert "tok-canary" not in arguments
    assert arguments.endswith("fetch -- https://git.example.org/x.git")
    assert "GIT_TERMINAL_PROMPT=0" in own
    assert "tok-canary" not in caplog.text


def test_git_that_is_not_there_is_told(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadDocument, match="git cannot be started"):
        git.fetch(GitSource(remote.url), tmp_path / "copies", HERE)
