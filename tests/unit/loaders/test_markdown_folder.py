"""A folder of Markdown pages: what is found, what is refused, what ids pages get."""

import os
from pathlib import Path

import pytest

from knowledge.errors import BadDocument
from knowledge.loaders.markdown_dir import find_pages, load
from knowledge.loaders.outcome import Loaded, Problem
from knowledge.model import Origin, Runbook


def _load(folder: Path, url_base: str | None = None) -> tuple[dict[str, Runbook], dict[str, str]]:
    pages: dict[str, Runbook] = {}
    problems: dict[str, str] = {}
    for outcome in load(find_pages(folder), url_base=url_base):
        if isinstance(outcome, Loaded):
            assert isinstance(outcome.document, Runbook)
            pages[outcome.document.id] = outcome.document
        else:
            problems[outcome.file] = outcome.reason
    return pages, problems


def test_the_id_is_the_path_without_suffix_wherever_the_checkout_lies(tmp_path: Path) -> None:
    for place in ("one", "two"):
        page = tmp_path / place / "payments" / "ledger lag.markdown"
        page.parent.mkdir(parents=True)
        page.write_text("# Ledger lag\n\nRestart it.")
        assert list(_load(tmp_path / place)[0]) == ["payments/ledger lag"]


def test_paths_that_differ_only_in_their_separators_stay_two_pages(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.md").write_text("one")
    (tmp_path / "a-b.md").write_text("two")
    assert set(_load(tmp_path)[0]) == {"a/b", "a-b"}


def test_hidden_folders_git_and_node_modules_are_skipped(tmp_path: Path) -> None:
    for folder in (".git", ".hidden", "node_modules"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "page.md").write_text("not mine")
    (tmp_path / ".draft.md").write_text("not mine")
    (tmp_path / "page.txt").write_text("not mine")
    (tmp_path / "Page.MD").write_text("mine")
    assert list(_load(tmp_path)[0]) == ["Page"]


def test_the_url_base_gives_each_page_its_address_unless_it_names_one(tmp_path: Path) -> None:
    (tmp_path / "disk full.md").write_text("# Disk")
    (tmp_path / "own.md").write_text("---\nurl: https://wiki.test/own\n---\n# Own")
    pages, _ = _load(tmp_path, "https://git.test/runbooks/")
    assert pages["disk full"].url == "https://git.test/runbooks/disk%20full.md"
    assert pages["own"].url == "https://wiki.test/own"


def test_each_bad_page_is_named_and_the_others_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("# Good\n\nDo this.")
    (tmp_path / "plain.md").write_text("No heading at all, yet it is a page.")
    (tmp_path / "latin.md").write_bytes("# Überlauf\n\nNeustart für alle".encode("latin-1"))
    (tmp_path / "empty.md").write_text("")
    (tmp_path / "broken.md").write_text("---\ntitle: [open\n---\n# Broken")
    (tmp_path / "wrong.md").write_text("---\nservices: {a: b}\n---\n# Wrong")
    (tmp_path / "binary.md").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "large.md").write_bytes(b"# Large\n" + b"x" * (5 * 1024 * 1024))
    pages, problems = _load(tmp_path)
    assert set(pages) == {"good", "plain", "latin"}
    assert "Neustart für alle" in pages["latin"].body
    assert set(problems) == {"empty.md", "broken.md", "wrong.md", "binary.md", "large.md"}
    assert "empty" in problems["empty.md"]
    assert "front matter" in problems["broken.md"]
    assert "services" in problems["wrong.md"]
    assert "binary" in problems["binary.md"]
    assert "5.0 MiB" in problems["large.md"]


def test_a_page_of_almost_five_megabytes_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "long.md").write_bytes(b"# Long\n\n" + b"word " * 1_048_000)
    assert set(_load(tmp_path)[0]) == {"long"}


def test_links_that_leave_the_folder_are_refused_by_name(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("# Secret")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "page.md").write_text("# Page")
    (inside / "again.md").symlink_to(inside / "page.md")
    (inside / "file.md").symlink_to(outside / "secret.md")
    (inside / "folder").symlink_to(outside)
    (inside / "dangling.md").symlink_to(tmp_path / "nowhere.md")
    pages, problems = _load(inside)
    assert set(pages) == {"page"}
    assert set(problems) == {"file.md", "folder", "dangling.md"}


def test_hard_links_to_what_is_elsewhere_are_refused_and_others_read_once(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("# Secret")
    inside = tmp_path / "inside"
    (inside / "db").mkdir(parents=True)
    (inside / "page.md").write_text("# Page")
    (inside / "db" / "again.md").hardlink_to(inside / "page.md")
    (inside / "file.md").hardlink_to(outside / "secret.md")
    (inside / "zoo.md").write_text("# Zoo")
    pages, problems = _load(inside)
    assert list(pages) == ["page", "zoo"]
    assert problems == {"file.md": "is a hard link to a file that is elsewhere too; copy it"}
    assert len(find_pages(inside, is_ours=True).files) == 4, "installers link what is ours"


def test_a_file_name_that_is_not_utf_8_is_told_and_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("# Good")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.md"))).write_text("# Bad name")
    pages, problems = _load(tmp_path)
    assert (set(pages), list(problems)) == ({"good"}, ["b?.md"])
    assert "not UTF-8" in problems["b?.md"]


def test_one_page_can_be_named_directly(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("# One")
    (tmp_path / "two.md").write_text("# Two")
    assert set(_load(tmp_path / "one.md")[0]) == {"one"}


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BadDocument, match="neither a folder nor a file"):
        find_pages(tmp_path / "nowhere")


def test_starter_pages_are_labelled_and_cannot_replace_a_teams_page() -> None:
    from knowledge.loaders import starter

    outcomes = list(starter.load())
    assert not [outcome for outcome in outcomes if isinstance(outcome, Problem)]
    documents = [outcome.document for outcome in outcomes if isinstance(outcome, Loaded)]
    assert len(documents) >= 40
    assert all(document.origin is Origin.STARTER for document in documents)
    assert all(document.id.startswith("starter/") for document in documents)
