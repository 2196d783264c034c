"""Amazon SNS: only what Amazon signed for a topic of ours is believed, and fetched for."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot.clock import ManualClock
from bot.store.database import Database
from bot.web.sns import NotGenuine, SnsVerifier, Unreachable, string_to_sign
from tests.support.front_fakes import front

TOPIC = "arn:aws:sns:eu-west-1:111122223333:alarms"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"
SUBSCRIBE = (
    "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
    f"&TopicArn={TOPIC}&Token=2336412f"
)
NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


class Amazon:
    """Answers like Amazon, and remembers what it was asked."""

    def __init__(self, certificate: bytes) -> None:
        self.asked: list[str] = []
        self.answer = certificate
        self.is_away = False

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        if self.is_away:
            raise Unreachable("sns.eu-west-1.amazonaws.com cannot be reached")
        return self.answer


@pytest.fixture
def amazon(certificate: bytes) -> Amazon:
    return Amazon(certificate)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def verifier(amazon: Amazon, clock: ManualClock) -> SnsVerifier:
    return SnsVerifier(amazon, clock)


Sign = Callable[..., dict[str, Any]]


@pytest.fixture
def signed(key: rsa.RSAPrivateKey) -> Sign:
    def sign(version: str = "2", **changes: Any) -> dict[str, Any]:
        envelope: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": "6f1c",
            "TopicArn": TOPIC,
            "Subject": "ALARM",
            "Message": '{"AlarmName": "orders-5xx", "NewStateValue": "ALARM"}',
            "Timestamp": "2026-11-19T03:12:00.000Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE,
            **changes,
        }
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        made = key.sign(string_to_sign(envelope), padding.PKCS1v15(), algorithm)
        return {**envelope, "Signature": base64.b64encode(made).decode()}

    return sign


def confirmation(signed: Sign, **changes: Any) -> dict[str, Any]:
    fields = {"Type": "SubscriptionConfirmation", "Token": "2336412f", "SubscribeURL": SUBSCRIBE}
    return signed(**{**fields, **changes})


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["ALARM", None])
def test_what_amazon_signed_is_believed(
    verifier: SnsVerifier, signed: Sign, version: str, subject: str | None
) -> None:
    verifier.verify(signed(version, Subject=subject), [TOPIC])


def test_the_certificate_is_fetched_once(
    verifier: SnsVerifier, signed: Sign, amazon: Amazon
) -> None:
    for number in range(5):
        verifier.verify(signed(MessageId=str(number)), ["another", TOPIC])
    assert amazon.asked == [CERTIFICATE]


@pytest.mark.parametrize("field", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn"])
def test_nothing_that_is_signed_can_be_changed(
    verifier: SnsVerifier, signed: Sign, field: str
) -> None:
    envelope = {**signed(), field: "changed"}
    with pytest.raises(NotGenuine, match="signature"):
        verifier.verify(envelope, [TOPIC, "changed"])


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
        "https://sns.eu-west-1.amazonaws.com:444/x.pem",
        "https://s3.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com/x.txt",
        "https://sns.eu-west-1.amazonaws.com/x.pem?y=.pem",
        "https://SNS.eu-west-1.amazonaws.com\n/x.pem",
        "https://[::1/x.pem",
    ],
)
def test_a_certificate_from_elsewhere_is_not_even_fetched(
    verifier: SnsVerifier, signed: Sign, amazon: Amazon, address: str
) -> None:
    with pytest.raises(NotGenuine, match="SigningCertURL"):
        verifier.verify(signed(SigningCertURL=address), [TOPIC])
    assert amazon.asked == []


def test_another_topic_makes_the_bot_fetch_nothing(
    verifier: SnsVerifier, signed: Sign, amazon: Amazon
) -> None:
    with pytest.raises(NotGenuine, match="topic"):
        verifier.verify(signed(TopicArn="arn:aws:sns:eu-west-1:999999999999:x"), [TOPIC])
    assert amazon.asked == []


@pytest.mark.parametrize(
    "changes", [{"SignatureVersion": "3"}, {"Signature": "***"}, {"Signature": ""}]
)
def test_a_broken_signature_is_refused(
    verifier: SnsVerifier, signed: Sign, changes: Mapping[str, str]
) -> None:
    with pytest.raises(NotGenuine):
        verifier.verify({**signed(), **changes}, [TOPIC])


def test_an_expired_certificate_is_refused_even_when_it_is_known(
    verifier: SnsVerifier, signed: Sign, clock: ManualClock
) -> None:
    verifier.verify(signed(), [TOPIC])
    clock.advance(2 * 86_400)
    with pytest.raises(NotGenuine, match="valid"):
        verifier.verify(signed(), [TOPIC])


def test_what_is_no_certificate_is_refused(
    verifier: SnsVerifier, signed: Sign, amazon: Amazon
) -> None:
    amazon.answer = b"<html>"
    with pytest.raises(NotGenuine, match="no certificate"):
        verifier.verify(signed(), [TOPIC])


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/?Action=ConfirmSubscription",
        SUBSCRIBE.replace("https", "http"),
        SUBSCRIBE.replace("ConfirmSubscription", "DeleteTopic"),
        SUBSCRIBE.replace("alarms", "others"),
    ],
)
def test_only_amazons_address_for_this_very_topic_is_visited(
    verifier: SnsVerifier, signed: Sign, amazon: Amazon, address: str
) -> None:
    with pytest.raises(NotGenuine, match="SubscribeURL"):
        verifier.confirm(confirmation(signed, SubscribeURL=address))
    assert amazon.asked == []


@pytest.fixture
def client(database: Database, clock: ManualClock, verifier: SnsVerifier) -> Iterator[TestClient]:
    secrets = {"cloudwatch": (SecretStr(TOPIC), SecretStr("raw:a long password"))}
    with front(database, clock, token=None, secrets=secrets, sns=verifier) as (client, _):
        yield client


def deliver(client: TestClient, envelope: Mapping[str, Any], **headers: str) -> int:
    # Amazon says that its JSON is text.
    kind = {"Content-Type": "text/plain; charset=UTF-8"}
    body = json.dumps(envelope)
    answer = client.post("/v1/alerts/cloudwatch", content=body, headers={**kind, **headers})
    return answer.status_code


def test_a_subscription_is_confirmed_and_alarms_come_in_once(
    client: TestClient, signed: Sign, amazon: Amazon, database: Database
) -> None:
    assert deliver(client, confirmation(signed)) == 202
    assert amazon.asked == [CERTIFICATE, SUBSCRIBE]
    assert deliver(client, signed(MessageId="m1")) == 202
    assert deliver(client, signed(MessageId="m1")) == 202  # Amazon asks again when in doubt
    with database.read() as uow:
        assert len(uow.inbox.list(None, 10)) == 2


def test_a_forged_delivery_is_refused_and_not_kept(
    client: TestClient, signed: Sign, database: Database, amazon: Amazon
) -> None:
    assert deliver(client, {**signed(), "Message": "forged"}) == 401
    assert deliver(client, {**confirmation(signed), "Token": "forged"}) == 401
    assert deliver(client, {"AlarmName": "raw, and not signed at all"}) == 401
    assert SUBSCRIBE not in amazon.asked
    with database.read() as uow:
        assert uow.inbox.list(None, 10) == []


def test_amazon_is_asked_to_come_again_when_its_certificate_cannot_be_had(
    client: TestClient, signed: Sign, amazon: Amazon
) -> None:
    amazon.is_away = True
    assert deliver(client, signed()) == 502


def test_raw_delivery_needs_the_password(client: TestClient) -> None:
    def shown(pair: str) -> str:
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    raw = {"AlarmName": "orders-5xx", "NewStateValue": "ALARM"}
    assert deliver(client, raw, Authorization=shown("raw:a long password")) == 202
    assert deliver(client, raw, Authorization=shown("raw:another")) == 401
    # A topic's name is no secret.
    assert deliver(client, raw, Authorization=f"Bearer {TOPIC}") == 401
