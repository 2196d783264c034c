"""Identifiers are taken apart for matching, and stay findable as a whole."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge.text.words import split_identifiers, spoken, words_of


def test_camel_case_gives_the_whole_and_its_words() -> None:
    assert words_of("KubePodCrashLooping") == [
        "kubepodcrashlooping", "kube", "pod", "crash", "looping",
    ]  # fmt: skip


def test_acronyms_and_their_plurals_stay_together() -> None:
    assert spoken("KubeVirtNoAvailableNodesToRunVMs").endswith("To Run VMs")
    assert spoken("etcdHTTPRequestsSlow") == "etcd HTTP Requests Slow"


def test_snake_kebab_dots_and_paths_are_taken_apart() -> None:
    assert split_identifiers("my_table-name.col /var/log") == (
        "my_table-name.col my table name col var/log var log"
    )


def test_codes_stay_whole() -> None:
    assert "ora-00060" in words_of("ORA-00060: deadlock")
    assert "503" in words_of("HTTP 503")


def test_placeholders_are_no_words() -> None:
    assert words_of("restarted <num> times in <dur>") == ["restarted", "times", "in"]


@given(st.text(max_size=300))
def test_any_text_gives_lower_case_words_without_spaces(text: str) -> None:
    words = words_of(text)
    assert all(word and not any(c.isspace() for c in word) for word in words)
    assert split_identifiers(text).split(" ") == (words or [""])
