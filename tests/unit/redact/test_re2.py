"""RE2's syntax said in Python's."""

import re

import pytest

from bot.redact.convert import converted
from bot.redact.led import begins_with_keyword
from bot.redact.re2 import Unconvertible, to_python


@pytest.mark.parametrize(
    ("regex", "fits", "not_fits"),
    [
        ("p8e-(?i)[a-z]{3}", "p8e-ABC", "P8E-abc"),
        ("a(?i)b|c", "aB", "AB"),
        ("a(?i)b|c", "C", "xB"),
        ("(?:a(?i)b)c", "aBc", "aBC"),
        (r"a\z", "a", "a\n"),
        ("a$", "a", "a\n"),
        ("[[:alnum:]_[]{2}", "[a", "-a"),
        ("(?i)x(?-i:Y)", "XY", "xy"),
        ("a.*b", "a" + "x" * 200 + "b", "a" + "x" * 201 + "b"),
        ("a.+?b", "axb", "ab"),
        ("a.{8,}b", "a12345678b", "a1b"),
        (r"[\w.-]{0,50}?(?:key)=1", "key=1", "kex=1"),
        (r"\d", "7", "\u0667"),
    ],
)
def test_it_means_the_same(regex: str, fits: str, not_fits: str) -> None:
    made = re.compile(to_python(regex), re.ASCII)
    assert made.fullmatch(fits) or made.search(fits)
    assert not made.fullmatch(not_fits)


@pytest.mark.parametrize("regex", [r"\pL", "(?m)a", "(?U)a+", "[[:nothing:]]", "a)", "(?=a)"])
def test_what_cannot_be_said_is_refused(regex: str) -> None:
    with pytest.raises(Unconvertible):
        to_python(regex)


@pytest.mark.parametrize(
    ("regex", "keywords", "is_led"),
    [
        (r"(?i)(?:adobe)(?:[ \t]{0,20})=([a-z]+)", ["adobe"], True),
        (r"(?i)(?:passw(?:or)?d|(?-i:[Aa]pi|API))=x", ["passw", "api"], True),
        (r"\b((?:hvs\.[a-z]+|s\.(?i:[a-z]{24})))", ["hvs.", "s."], True),
        (r"(?:sk|rk)_live_\d+", ["sk_live_", "rk_live_"], True),
        (r"(?i)(?:my_adobe)=x", ["adobe"], False),
        (r"(?:adobe)=x|y", ["adobe"], False),
        (r"(?:x)?adobe", ["adobe"], False),
        (r"[a-z]adobe", ["adobe"], False),
        (r"a{2,}dobe", ["aadobe"], False),
    ],
)
def test_whether_a_match_begins_with_its_keyword_is_found_out(
    regex: str, keywords: list[str], is_led: bool
) -> None:
    assert begins_with_keyword(regex, keywords) is is_led


def test_rules_that_cannot_be_carried_are_listed_with_the_reason() -> None:
    rules = [
        {"id": "one", "regex": "ab(?i)c", "keywords": ["AB"], "entropy": 3},
        {"id": "two", "regex": r"\pL", "keywords": ["x"]},
        {"id": "three", "path": "x"},
        {"id": "four", "regex": "ab"},
        {
            "id": "five",
            "regex": "ab",
            "keywords": ["ab"],
            "allowlists": [
                {"regexes": ["x$"], "regexTarget": "line"},
                {"condition": "AND", "paths": ["a"], "regexes": ["y"]},
            ],
        },
    ]
    made = converted({"rules": rules})
    assert [rule["id"] for rule in made["rules"]] == ["one", "five"]
    assert made["rules"][0]["keywords"] == ["ab"]
    assert made["rules"][1]["allow"] == [{"target": "line", "regexes": [r"x\Z"], "stopwords": []}]
    assert sorted(made["not_carried"]) == ["four", "three", "two"]
