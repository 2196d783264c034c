from knowledge.embed.hashing import HashingEmbedder
from knowledge.evaluate.baselines import bm25, places
from knowledge.evaluate.corpus import CorpusRow, QueryRow
from knowledge.evaluate.hard import without_names

ROWS = [
    CorpusRow(id="disk", title="DiskFull", text="No space is left on the device."),
    CorpusRow(id="clock", title="ClockSkew", text="The clock of a host drifts away."),
    CorpusRow(id="cert", title="CertExpiry", text="A certificate is about to expire; renew it."),
]


def test_the_rarer_word_counts_more() -> None:
    scores = bm25(["a a b", "a c", "a d"], ["a b"])[0]
    assert scores[0] > scores[1]


def test_every_plain_method_finds_the_page_that_says_the_words() -> None:
    query = QueryRow(id="1", text="no space left on device", relevant=frozenset({"disk"}))
    found = places(ROWS, [query], HashingEmbedder(512))
    assert found == {"bm25": [1], "dense": [1], "rank_fusion": [1]}


def test_excluded_documents_take_no_place_and_no_answer_has_none() -> None:
    left_out = QueryRow(
        id="1", text="space device", relevant=frozenset({"disk"}), exclude=frozenset({"disk"})
    )
    nothing = QueryRow(id="2", text="espresso", relevant=frozenset())
    found = places(ROWS, [left_out, nothing], HashingEmbedder(512))
    assert found["bm25"] == [None, None]


def test_in_the_hard_form_a_page_does_not_say_its_name() -> None:
    page = CorpusRow(
        id="a", title="KubeApiDown", text="KubeApiDown fires. See kube_api_down.md, Kube API down."
    )
    (masked,) = without_names([page])
    assert masked.title == ""
    assert masked.text == "it fires. See it.md, it."
