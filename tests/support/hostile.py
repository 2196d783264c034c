"""Texts of every kind and length, for all that the bot draws; and suggestions made of them."""

from hypothesis import strategies as st

from bot.suggestions.model import Cause, Citation, Difference, Nearest, SuggestionKind
from tests.support.changes import changed
from tests.support.saying import one_cause, passage, past_incident, step

PIECES = [
    "<!channel>",
    "<!here>",
    "<@U024BE7LH>",
    "<!subteam^S1>",
    "<https://evil.example|bank.example>",
    "&",
    "`",
    "```",
    "*",
    "\n",
    "\x00",
    "\u202e",
    " ",
    "word ",
    "日本語",
]
TEXT = st.one_of(
    st.sampled_from(["", " ", "\x00", "a", "<!channel>" * 4000, "&" * 20_000, "x" * 40_000]),
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.tuples(st.sampled_from(PIECES), st.integers(1, 6000)).map(lambda t: (t[0] * t[1])[:40_000]),
)
URL = st.one_of(
    st.none(),
    TEXT,
    st.sampled_from(["https://w.example/a", "https://w.example/?" + "&" * 130, "javascript:x"]),
)


@st.composite
def suggestions(draw):
    cited = Citation(
        document_id="d", version=1, title=draw(TEXT), section=draw(TEXT), url=draw(URL)
    )
    many = st.integers(0, 7)
    values = {
        "id": draw(TEXT),
        "kind": draw(st.sampled_from(list(SuggestionKind))),
        "answered": draw(st.booleans()),
        "confidence_words": draw(TEXT),
        "headline": draw(TEXT),
        "incidents": tuple(
            past_incident(
                id=draw(TEXT),
                title=draw(TEXT),
                url=draw(URL),
                cause=draw(TEXT),
                resolution=draw(TEXT),
                duration_seconds=draw(st.one_of(st.none(), st.floats(-10, 1e9))),
                environment=draw(TEXT),
                other_environment=draw(st.booleans()),
                confirmed_by=draw(TEXT),
            )
            for _ in range(draw(many))
        ),
        "passages": tuple(
            passage(title=draw(TEXT), url=draw(URL), document_id=f"p{number}", generic=True)
            for number in range(draw(many))
        ),
        "steps": tuple(
            step(
                draw(TEXT),
                is_code=draw(st.booleans()),
                destructive=draw(st.booleans()),
                unfilled=(draw(TEXT),),
                citation=cited.model_copy(update={"version": number}),
            )
            for number in range(draw(many))
        ),
        "causes": tuple(
            Cause(
                summary=draw(TEXT),
                incident_ids=(draw(TEXT),) * 5,
                share=0.2,
                check=draw(TEXT),
                citation=cited,
            )
            for _ in range(draw(many))
        ),
        "differences": tuple(
            Difference(
                kind="new_line", text=draw(TEXT), then=draw(TEXT), now=draw(TEXT), citation=cited
            )
            for _ in range(draw(many))
        ),
        "changes": tuple(
            changed(
                service=draw(TEXT),
                version=draw(TEXT),
                previous=draw(TEXT),
                environment=draw(TEXT),
                needed_by=draw(TEXT),
                url=draw(URL),
            )
            for _ in range(draw(many))
        ),
        "nearest": (
            draw(st.booleans())
            and Nearest(
                id=draw(TEXT),
                title=draw(TEXT),
                score=0.3,
                url=draw(URL),
                why_too_far=(draw(TEXT),) * 9,
            )
        )
        or None,
    }
    return one_cause(**values)
