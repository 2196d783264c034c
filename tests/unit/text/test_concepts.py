import pytest

from knowledge.text.concepts import amount_in


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("NoReadyApi", "none"),
        ("ApiDown", "none"),
        ("LowReadyApiCount", "some"),
        ("Some api pods are running but not ready", "some"),
        ("Less than 75 % of the pods run", "some"),
        ("No running pods were detected", "none"),
        ("More than one default StorageClass", "some"),
        ("Some pods are down", ""),
        ("NodeDiskFull", ""),
        ("", ""),
        ("Knobs", ""),
    ],
)
def test_how_much_is_left(text: str, amount: str) -> None:
    assert amount_in(text) == amount
