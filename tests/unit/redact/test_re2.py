"""RE2's syntax said in Python's."""

import re

import pytest

from bot.redact.convert import converted
from bot.redact.re2 import Unconvertible, begins_with_keyword, to_python


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


def test_whether_a_match_begins_with_its_keyword_is_found_out() -> None:
    lead, after = r"(?i)[\w.-]{0,50}?", r"(?:[ \t\w.-]{0,20})=([a-z]+)"
    assert begins_with_keyword(f"{lead}(?:adobe){after}", ["adobe"])
    assert begins_with_keyword(f"{lead}(?:passw(?:or)?d|(?-i:[Aa]pi|API)){after}", ["passw", "api"])
    assert not begins_with_keyword(f"{lead}(?:my_adobe){after}", ["adobe"])
    assert not begins_with_keyword(f"{lead}(?:adobe){after}|x", ["adobe"])
    assert not begins_with_keyword("adobe=1", ["adobe"])


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
