"""Amazon SNS: whether an envelope was signed by Amazon for a topic of ours, and subscribing.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. The certificate is
fetched from the address that the envelope names, so that address must be Amazon's own, and the
topic one that the settings name: nobody else's topic makes the bot fetch anything.
"""

import base64
import binascii
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qs, urlsplit

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bot.clock import Clock

_HOST = re.compile(r"^sns\.[a-z0-9-]{1,32}\.amazonaws\.com(\.cn)?$")
_MOST_CERTIFICATES = 16
_LARGEST_ANSWER = 65_536
_SECONDS = 5.0
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 - what Amazon signs with where version 2 is not asked for
    "2": hashes.SHA256(),
}


class NotGenuine(Exception):
    """An envelope that cannot be believed; says why, without anything of its content."""


class Unreachable(Exception):
    """Amazon did not answer; the same envelope may be believed later."""


class Fetch(Protocol):
    def __call__(self, url: str) -> bytes:
        """The body at `url`. Raises Unreachable."""
        ...


def fetch_over_https(proxy: str | None = None) -> Fetch:
    """The real thing: no redirects, five seconds, 64 KiB."""

    def fetch(url: str) -> bytes:
        try:
            with (
                httpx.Client(timeout=_SECONDS, follow_redirects=False, proxy=proxy) as client,
                client.stream("GET", url) as answer,
            ):
                if answer.status_code != httpx.codes.OK:
                    raise Unreachable(f"{urlsplit(url).netloc} answered {answer.status_code}")
                body = bytearray()
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > _LARGEST_ANSWER:
                        raise Unreachable(f"{urlsplit(url).netloc} answered too much")
                return bytes(body)
        except httpx.HTTPError as error:
            raise Unreachable(
                f"{urlsplit(url).netloc} cannot be reached: {type(error).__name__}"
            ) from None

    return fetch


class SnsVerifier:
    """Checks envelopes; keeps the certificates it has seen. Safe to use from several threads."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._certificates: OrderedDict[str, x509.Certificate] = OrderedDict()

    def verify(self, envelope: Mapping[str, Any], topics: Sequence[str]) -> None:
        """Return if `envelope` is Amazon's and about one of `topics`.

        Raises NotGenuine or Unreachable.
        """
        if envelope.get("TopicArn") not in topics:
            raise NotGenuine("the topic is not one that the settings name for this source")
        algorithm = _HASHES.get(str(envelope.get("SignatureVersion")))
        if algorithm is None:
            raise NotGenuine("SignatureVersion is neither 1 nor 2")
        try:
            signature = base64.b64decode(str(envelope.get("Signature", "")), validate=True)
        except (binascii.Error, ValueError):
            raise NotGenuine("Signature is not base64") from None
        address = str(envelope.get("SigningCertURL") or envelope.get("SigningCertUrl") or "")
        key = self._certificate(address).public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise NotGenuine("the certificate holds no RSA key")
        try:
            key.verify(signature, string_to_sign(envelope), padding.PKCS1v15(), algorithm)
        except InvalidSignature:
            raise NotGenuine("the signature is not right") from None

    def confirm(self, envelope: Mapping[str, Any]) -> None:
        """Visit the address that confirms the subscription of a verified envelope.

        Raises NotGenuine or Unreachable.
        """
        address = str(envelope.get("SubscribeURL", ""))
        parts = _amazons(address, "SubscribeURL")
        asked = parse_qs(parts.query)
        if asked.get("Action") != ["ConfirmSubscription"] or asked.get("TopicArn") != [
            envelope.get("TopicArn")
        ]:
            raise NotGenuine("SubscribeURL does not confirm a subscription of this topic")
        self._fetch(address)

    def _certificate(self, address: str) -> x509.Certificate:
        parts = _amazons(address, "SigningCertURL")
        if not parts.path.endswith(".pem") or parts.query or parts.fragment:
            raise NotGenuine("SigningCertURL is not the address of a certificate")
        with self._lock:
            found = self._certificates.get(address)
            if found is not None:
                self._certificates.move_to_end(address)
        if found is None:
            try:
                found = x509.load_pem_x509_certificate(self._fetch(address))
            except ValueError:
                raise NotGenuine("there is no certificate at SigningCertURL") from None
            with self._lock:
                self._certificates[address] = found
                while len(self._certificates) > _MOST_CERTIFICATES:
                    self._certificates.popitem(last=False)
        if not found.not_valid_before_utc <= self._clock.now() <= found.not_valid_after_utc:
            raise NotGenuine("the certificate is not valid now")
        return found


def string_to_sign(envelope: Mapping[str, Any]) -> bytes:
    """What Amazon signs: name and value of certain fields, each on a line of its own."""
    fields = _NOTIFICATION if envelope.get("Type") == "Notification" else _CONFIRMATION
    lines = [
        part
        for field in fields
        if isinstance(envelope.get(field), str)
        for part in (field, envelope[field])
    ]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def _amazons(address: str, field: str) -> SplitResult:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise NotGenuine(f"{field} is no address") from None
    if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc):
        raise NotGenuine(f"{field} is not an https address of Amazon SNS")
    return parts
