"""Secrets are taken out; harmless lines stay as they are."""

import json
from collections.abc import Callable
from time import perf_counter, thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redact import redact, redact_labels
from tests.support.dev_data import dev_data
from tests.unit.redact.families import families

RANDOM = "a1B2c3D4" * 5

SECRETS = [
    (f"Authorization: Bearer {RANDOM}", RANDOM),
    (f'{{"Authorization": "Basic {RANDOM}=="}}', RANDOM),
    (f"curl -H 'authorization: token {RANDOM}'", RANDOM),
    (f"sent bearer {RANDOM} upstream", RANDOM),
    ("Set-Cookie: session=abcdef; Path=/", "abcdef"),
    ("DB_PASSWORD=correcthorse", "correcthorse"),
    ("dbPassword: correcthorse", "correcthorse"),
    ('{"password": "two words"}', "two words"),
    ("url?user=a&api_key=k9f8e7d6c5&x=1", "k9f8e7d6c5"),
    ("client_secret='q1w2e3r4t5'", "q1w2e3r4t5"),
    ("AWS_SECRET_ACCESS_KEY=" + RANDOM, RANDOM),
    ("refresh_token => " + RANDOM, RANDOM),
    ("key AKIA" + "Z2" * 8 + " leaked", "AKIA" + "Z2" * 8),
    ("ghp_" + "x9" * 18, "x9x9"),
    ("github_pat_" + "x9" * 18, "x9x9"),
    ("glpat-" + "x9" * 10, "x9x9"),
    ("xoxb-" + "12345678-" * 3 + "abc", "12345678-12345678"),
    ("xapp-1-A1-" + "12345678", "12345678"),
    ("https://hooks.slack.com/services/T1/B2/abcdefgh", "abcdefgh"),
    ("AIza" + "x" * 35, "AIzaxxx"),
    ("sk_live_" + "x9" * 10, "x9x9"),
    ("postgres://app:p@ss:word@db:5432/shop", "p@ss:word"),
    (f"git clone https://{RANDOM}@git.example/x", RANDOM),
    ('Cookie: app.auth="u=anna&s=abcdef="', "abcdef"),
    ('{"cookie": "sid=abcdef", "x": 1}', "abcdef"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "eyJzdWIi"),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIB\nabc\n-----END RSA PRIVATE KEY-----",
        "MIIB",
    ),
    ("-----BEGIN PRIVATE KEY-----\\nMIIBcut off", "MIIB"),
]

HARMLESS = [
    "",
    "token bucket is empty, 512 tokens left",
    "max_tokens=4096 total_tokens: 100",
    "bearer authentication failed for user anna",
    "invalid token: signature mismatch",
    'secret "orders-db-tls" not found',
    'password authentication failed for user "app"',
    "https://wiki.example/runbooks/secrets?page=2#token",
    "ssh ops@host-7 uptime",
    "reached max connections (20), 19 in use",
    "key=checkout/cart:4711 evicted",
    "primary key violation on orders_pkey",
    "passed: 5 failed: 0",
    "cookies are disabled",
    'curl -H "Authorization: Bearer $TOKEN" https://api.example',
    "connecting to spark://CoarseGrainedScheduler@10.0.0.7:48069",
    "abfss://container1@account.dfs.example/path",
    "Processed session termination for sessionid: 0x14ede63a5a70002",
    "password = locatePassword(DB_PASSWORD)",
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_is_replaced_by_a_mark(text: str, secret: str) -> None:
    for whole in (text, f"before {text}", f"line one\n{text}\nline three"):
        cleaned = redact(whole)
        assert secret not in cleaned
        assert "[redacted " in cleaned


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_line_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_what_is_around_a_secret_is_kept() -> None:
    assert redact("login of app with password=hunter22, try 3") == (
        "login of app with password=[redacted secret], try 3"
    )
    assert redact("GET https://a:b@host:80/path ok") == (
        "GET https://[redacted userinfo]@host:80/path ok"
    )


@pytest.mark.parametrize(("text", "_"), SECRETS)
def test_redacting_again_changes_nothing(text: str, _: str) -> None:
    assert redact(redact(text)) == redact(text)


@given(
    st.lists(
        st.sampled_from([text for text, _ in SECRETS] + HARMLESS + ["=", ": ", '"', "Bearer ", "@"])
        | st.sampled_from([part for pair in families().values() for part in pair])
        | st.text(max_size=20),
        max_size=8,
    )
)
def test_redacting_any_mixture_again_changes_nothing(parts: list[str]) -> None:
    once = redact(" ".join(parts))
    assert redact(once) == once


def test_labels_lose_secret_values_and_values_of_secret_names() -> None:
    labels = {
        "service": "checkout",
        "api_key": "plain-word",
        "db.password": "x",
        "note": "password=hunter22",
        "secret": "orders-db-tls",
        "token": "",
    }
    assert redact_labels(labels) == {
        "service": "checkout",
        "api_key": "[redacted secret]",
        "db.password": "[redacted secret]",
        "note": "password=[redacted secret]",
        "secret": "orders-db-tls",
        "token": "",
    }


ATTACKS = [
    "-----BEGIN PRIVATE KEY-----",
    "eyJ",
    "eyJaaaaaaaa.",
    "-eyJaaaaaaaaa",
    "://",
    "://a",
    "password=",
    "token:",
    "authorization:",
    "authorization: bearer ",
    "bearer aaaaaaaa ",
    "cookie:",
    "AKIA",
    "secret_",
    "access_access_",
    "a://b:c",
    "pass pwd secret token ://eyj bearer cookie ",
]


@pytest.mark.parametrize("piece", ATTACKS)
def test_time_grows_with_the_length_and_no_faster(piece: str) -> None:
    def seconds(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        started = thread_time()  # of this thread alone: other work on the machine is not ours
        redact(text)
        return thread_time() - started

    seconds(5_000)
    small = min(seconds(10_000) for _ in range(3))
    large = min(seconds(80_000) for _ in range(3))
    # Eight times the length; a quadratic scan would take 64 times as long.
    assert large < max(small, 0.003) * 32


@pytest.mark.dev_data
def test_recorded_log_lines_without_secrets_stay_as_they_are() -> None:
    lines = [
        json.loads(row)["raw"]
        for file in sorted(dev_data("logs-dev").glob("*.jsonl"))
        for row in file.read_text(encoding="utf-8").splitlines()
    ]
    touched = [line for line in lines if redact(line) != line]
    print(f"redact: {len(touched)} of {len(lines)} harmless lines touched")
    assert len(lines) > 1000
    assert len(touched) <= len(lines) / 1000


@pytest.mark.bench
def test_a_hundred_thousand_lines_a_second_are_redacted() -> None:
    lines = [
        f"2026-11-19T03:12:{i % 60:02d}Z checkout-{i} ERROR pool exhausted after {i} ms conn={i}"
        for i in range(50_000)
    ]
    lines[::500] = [f"login with token={RANDOM}"] * 100

    def rate(work: Callable[[], object]) -> float:
        """Lines a second, the best of three: other work on the machine is not ours."""
        seconds = []
        for _ in range(3):
            started = perf_counter()
            work()
            seconds.append(perf_counter() - started)
        return len(lines) / min(seconds)

    by_line = rate(lambda: [redact(line) for line in lines])
    as_whole = rate(lambda: redact("\n".join(lines)))
    print(f"redact: {by_line:,.0f} lines/s one by one, {as_whole:,.0f} as one text")
    assert by_line > 100_000
    assert as_whole > 100_000
