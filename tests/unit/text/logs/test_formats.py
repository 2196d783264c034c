"""Each log format is taken apart into time, level, logger and message; any line gives something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.text.logs import Level
from knowledge.text.logs.formats import FORMATS, read_line
from knowledge.text.logs.formats.times import read_time

LINES = [
    # JSON: zap, pino, docker around a plain line, ECS with an inner object
    (
        '{"level":"error","ts":1732243200.5,"logger":"cart","msg":"sync failed","error":"EOF"}',
        ("1732243200.5", Level.ERROR, "cart", "sync failed error=EOF"),
    ),
    (
        '{"level":50,"time":1732243200123,"msg":"cannot bind","err":{"message":"EADDRINUSE"}}',
        ("1732243200123", Level.ERROR, "", "cannot bind error=EADDRINUSE"),
    ),
    (
        '{"log":"2026-11-22 02:53:55 WARN [main] shop.Cart: slow\\n","stream":"stderr",'
        '"time":"2026-11-22T02:53:56Z"}',
        ("2026-11-22T02:53:56Z", Level.WARN, "shop.Cart", "slow"),
    ),
    (
        '{"@timestamp":"2026-11-22T02:53:55Z","log":{"level":"warning","logger":"pay"},'
        '"message":"late"}',
        ("2026-11-22T02:53:55Z", Level.WARN, "pay", "late"),
    ),
    # logfmt
    (
        'time=2026-11-22T02:53:55Z level=warn msg="queue is long" component=mail depth=900',
        ("2026-11-22T02:53:55Z", Level.WARN, "mail", "queue is long"),
    ),
    (
        'ts=1732243200 level=error caller=main.go:12 err="dial tcp: refused" msg=gone',
        ("1732243200", Level.ERROR, "main.go:12", "gone error=dial tcp: refused"),
    ),
    # syslog: RFC 3164 with and without priority, RFC 5424, rsyslog's ISO times
    (
        "<35>Nov 22 02:53:55 web-1 sshd[242]: no route",
        ("Nov 22 02:53:55", Level.ERROR, "sshd", "no route"),
    ),
    (
        "Nov  2 02:53:55 web-1 cron[1]: (root) CMD (run)",
        ("Nov  2 02:53:55", Level.UNKNOWN, "cron", "(root) CMD (run)"),
    ),
    (
        '<165>1 2026-11-22T02:53:55.003Z web-1 evd 77 ID47 [x@1 a="b \\" c"] it is up',
        ("2026-11-22T02:53:55.003Z", Level.INFO, "evd", "it is up"),
    ),
    (
        "2026-11-22T02:53:55.1+00:00 web-1 kubelet[9]: E1122 02:53:55.1 9 pod.go:8] sync failed",
        ("2026-11-22T02:53:55.1+00:00", Level.ERROR, "pod.go", "sync failed"),
    ),
    # klog
    (
        "W1122 02:53:55.123456       1 reflector.go:138] watch closed",
        ("1122 02:53:55.123456", Level.WARN, "reflector.go", "watch closed"),
    ),
    # nginx and Apache
    (
        '10.0.0.9 - - [22/Nov/2026:02:53:55 +0000] "GET /cart?id=7 HTTP/1.1" 502 157 "-" "curl"',
        ("22/Nov/2026:02:53:55 +0000", Level.ERROR, "access", "GET /cart -> 502"),
    ),
    (
        "2026/11/22 02:53:55 [error] 17#17: *9 connect() failed (111: refused), client: 10.0.0.9",
        (
            "2026/11/22 02:53:55",
            Level.ERROR,
            "nginx",
            "connect() failed (111: refused), client: 10.0.0.9",
        ),
    ),
    (
        "[Sun Nov 22 02:53:55 2026] [notice] child started",
        ("Sun Nov 22 02:53:55 2026", Level.INFO, "", "child started"),
    ),
    # heads of Java, Spring, Python, PostgreSQL, Android, columns
    (
        "2026-11-22 02:53:55,123 INFO [main] org.shop.Cart: ready",
        ("2026-11-22 02:53:55,123", Level.INFO, "org.shop.Cart", "ready"),
    ),
    (
        "2026-11-22 02:53:55.123  WARN 1 --- [nio-8080-exec-1] c.e.shop.Cart          : slow",
        ("2026-11-22 02:53:55.123", Level.WARN, "c.e.shop.Cart", "slow"),
    ),
    (
        "2026-11-22 02:53:55,123 - app.db - ERROR - pool is empty",
        ("2026-11-22 02:53:55,123", Level.ERROR, "app.db", "pool is empty"),
    ),
    (
        "2026-11-22 02:53:55.123 UTC [77] ERROR:  deadlock detected",
        ("2026-11-22 02:53:55.123 UTC", Level.ERROR, "", " deadlock detected"),
    ),
    (
        "11-22 02:53:55.123  1702  2395 W PowerManager: wake lock held",
        ("11-22 02:53:55.123", Level.WARN, "PowerManager", "wake lock held"),
    ),
    (
        "cart-1  | 2026-11-22T02:53:55Z ERROR no stock",
        ("2026-11-22T02:53:55Z", Level.ERROR, "", "no stock"),
    ),
    # without a head
    ("ERROR no stock", ("", Level.ERROR, "", "ERROR no stock")),
    ("Error: connect refused", ("", Level.UNKNOWN, "", "Error: connect refused")),
    ("something happened", ("", Level.UNKNOWN, "", "something happened")),
    ("    at shop.Cart.add(Cart.java:7)", ("", Level.UNKNOWN, "", None)),
]


@pytest.mark.parametrize(("line", "told"), LINES, ids=[line[:40] for line, _ in LINES])
def test_a_line_is_taken_apart(line: str, told: tuple[str, Level, str, str | None]) -> None:
    record = read_line(line)
    time, level, logger, message = told
    assert (record.time, record.level, record.fields.get("logger", "")) == (time, level, logger)
    assert record.message == (line if message is None else message)


def test_the_colours_of_a_terminal_are_no_part_of_a_line() -> None:
    record = read_line("\x1b[31m2026-11-22 02:53:55 ERROR\x1b[0m no stock")
    assert (record.level, record.message) == (Level.ERROR, "no stock")


def test_a_stack_inside_json_is_kept_with_its_lines() -> None:
    record = read_line('{"level":"error","msg":"bad","stack":"Error: bad\\n    at f (/a.js:1:2)"}')
    assert record.fields["stack"].split("\n") == ["Error: bad", "    at f (/a.js:1:2)"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-22T02:53:55Z", "2026-11-22T02:53:55+00:00"),
        ("2026-11-22 02:53:55,250", "2026-11-22T02:53:55.250000+00:00"),
        ("2026-11-22T04:53:55+02:00", "2026-11-22T02:53:55+00:00"),
        ("22/Nov/2026:02:53:55 +0100", "2026-11-22T01:53:55+00:00"),
        ("Sun Nov 22 02:53:55 2026", "2026-11-22T02:53:55+00:00"),
        ("1732243200", "2024-11-22T02:40:00+00:00"),
        ("1732243200123", "2024-11-22T02:40:00.123000+00:00"),
        ("26/11/22 02:53:55", "2026-11-22T02:53:55+00:00"),
        ("02:53:55", None),
        ("2026-13-45 02:53:55", None),
        ("Nov 22 02:53:55", None),
    ],
)
def test_times_are_read_in_utc(text: str, said: str | None) -> None:
    time = read_time(text)
    assert (time.isoformat() if time else None) == said


def test_a_time_without_a_year_takes_the_one_it_is_given() -> None:
    for text in ("Nov 22 02:53:55", "1122 02:53:55.000000"):
        time = read_time(text, 2026)
        assert time is not None
        assert time.isoformat() == "2026-11-22T02:53:55+00:00"


_PARTS = st.sampled_from(
    [text for text, _ in LINES]
    + [
        "{",
        "}",
        '"',
        "<34>",
        "[",
        "]",
        ": ",
        " - ",
        "|",
        "=",
        "ERROR",
        "2026-11-22",
        "\x00",
        "\ud800",
    ]
)


@given(st.lists(st.one_of(_PARTS, st.text(max_size=20)), max_size=6).map("".join))
def test_no_line_is_too_strange(line: str) -> None:
    record = read_line(line)
    assert isinstance(record.message, str)
    assert record == read_line(line)
    for read in FORMATS.values():
        read(line)


@given(st.text(max_size=50))
def test_no_time_is_too_strange(text: str) -> None:
    read_time(text, 2026)
