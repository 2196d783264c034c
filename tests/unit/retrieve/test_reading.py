from knowledge.model import Query
from knowledge.retrieve.reading import content_words, error_names, exact_tokens, read_query, stem
from knowledge.text.masking import mask
from knowledge.text.words import words_of


def test_log_lines_inside_a_question_are_told_from_its_prose() -> None:
    reading = read_query(
        Query(
            text="Have we seen this before?\n"
            "2026-11-22T03:12:38Z ERROR connection refused by 10.0.0.1\n"
            "2026-11-22T03:12:39Z ERROR connection refused by 10.0.0.2\n"
            "2026-11-22T03:12:40Z INFO all is well"
        )
    )
    assert reading.prose == "Have we seen this before?"
    assert "connection refused" in reading.log_text
    assert "10.0.0.1" not in reading.log_text


def test_lines_that_differ_in_numbers_alone_are_one_template() -> None:
    lines = tuple(f"ERROR order {number} failed after {number} ms" for number in range(500))
    assert len(read_query(Query(text="help", logs=lines)).templates) == 1


def test_the_alert_name_is_said_once_however_often_the_text_repeats_it() -> None:
    reading = read_query(Query(text="DiskFull\nNo space left", alert_name="DiskFull"))
    assert reading.prose == "Disk Full. No space left"


def test_values_are_masked_in_what_is_embedded_and_kept_as_exact_tokens() -> None:
    reading = read_query(Query(text="Upgrade to 3.14.159 broke the build"))
    assert "3.14.159" not in reading.prose
    assert "3.14.159" in reading.exact


def test_a_text_of_values_alone_is_no_error() -> None:
    assert read_query(Query(text="42 17 99 %")).words == frozenset()
    assert read_query(Query(text="")).is_empty


def test_a_huge_paste_is_read_in_bounded_parts() -> None:
    reading = read_query(Query(text="ERROR same line again 1\n" * 200_000))
    assert len(reading.lexical) < 10_000
    assert len(reading.templates) <= 300


def test_error_names_are_found_without_their_packages() -> None:
    text = "java.net.ConnectException and ECONNREFUSED, ORA-00060, pod OOMKilled"
    assert error_names(text) == {"connectexception", "econnrefused", "ora-00060", "oomkilled"}


def test_words_match_across_their_endings() -> None:
    assert stem("connections") == stem("connection")
    assert content_words("retries failed") == content_words("retry failing") or stem(
        "failed"
    ) == stem("failing")


def test_exact_tokens_are_only_those_that_masking_would_lose() -> None:
    text = "http2 failed on port 8443"
    assert "http2" not in exact_tokens(text, words_of(mask(text)))
    assert "8443" in exact_tokens(text, words_of(mask(text)))
