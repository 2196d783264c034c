"""Templates of a past and a present log find each other."""

from knowledge.text.logs import pair, read_log

THEN = [
    "ERROR: pool db-main exhausted after 30 s",
    "ERROR: pool db-main exhausted after 31 s",
    "INFO: leader is node-1 since 12:00:00",
    "WARN: replica lag 12 s",
]
NOW = [
    "ERROR: pool db-replica exhausted after 30 s",
    "INFO: leader is node-1 since 12:00:00",
    "ERROR: certificate of pay.example expired",
]


def test_a_template_meets_its_counterpart_and_the_rest_is_new_or_gone() -> None:
    paired = pair(read_log(THEN).templates, read_log(NOW).templates)
    assert [(then.text, now.text) for then, now in paired.both] == [
        ("pool db-main exhausted after <dur>", "pool db-replica exhausted after <dur>"),
        ("leader is node-<num> since <time>", "leader is node-<num> since <time>"),
    ]
    assert [template.text for template in paired.gone] == ["replica lag <dur>"]
    assert [template.text for template in paired.new] == ["certificate of pay.example expired"]


def test_what_stood_in_a_place_is_known_for_words_and_values() -> None:
    then, now = pair(read_log(THEN).templates, read_log(NOW).templates).both[0]
    assert [value.text for value in then.at(1)] == ["db-main"]
    assert [value.text for value in now.at(1)] == ["db-replica"]
    assert [(value.text, value.count) for value in then.at(4)] == [("30 s", 1), ("31 s", 1)]


def test_one_template_is_the_counterpart_of_one_only() -> None:
    then = read_log(["disk sda is full"]).templates
    now = read_log(["disk sda is full", "WARN: disk sda is full"]).templates
    paired = pair(then, now)
    assert len(paired.both) == 1
    assert len(paired.new) == 1
