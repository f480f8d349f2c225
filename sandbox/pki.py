"""Keys and certificates of a control plane, ECDSA P-256."""

import datetime as dt
import ipaddress
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = dt.timedelta(days=30)
# A clock that is a little behind the maker's must not refuse a fresh certificate.
CLOCK_SKEW = dt.timedelta(hours=1)

SERVING_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
# The loopback address, and the first one of the service range: the ClusterIP of `kubernetes`.
SERVING_ADDRESSES = ("127.0.0.1", "10.0.0.1")

_SIGNS_CERTIFICATES = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """A certificate authority, valid from shortly before `now`, that every part of one control plane trusts."""

    def __init__(self, now: dt.datetime) -> None:
        self._now = now
        self._serials = itertools.count(1)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("berth-sandbox", ())
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        builder = self._builder(self._name, self._key).add_extension(constraints, critical=True)
        self.certificate = self._signed(builder.add_extension(_SIGNS_CERTIFICATES, critical=True))

    def issue_client(self, user: str, groups: Sequence[str] = ()) -> KeyPair:
        """A certificate by which the API server knows a user (common name) and its groups (organizations)."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = self._builder(_name(user, groups), key).add_extension(usage, critical=False)
        return KeyPair(self._signed(builder), private_key_pem(key))

    def issue_serving(self) -> KeyPair:
        """The certificate with which components serve on the loopback address."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in SERVING_NAMES]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in SERVING_ADDRESSES]
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = self._builder(_name("kube-apiserver", ()), key).add_extension(usage, critical=False)
        return KeyPair(
            self._signed(builder.add_extension(x509.SubjectAlternativeName(names), critical=False)),
            private_key_pem(key),
        )

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(next(self._serials))
            .not_valid_before(self._now - CLOCK_SKEW)
            .not_valid_after(self._now + LIFETIME)
            # OpenSSL's strict verification, the default from Python 3.13 on, wants both identifiers.
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


def private_key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PEM in SEC 1 form: kube-apiserver takes no other where it looks for a ServiceAccount key."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def _name(common_name: str, organizations: Sequence[str]) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
