"""Certificates with their keys: an authority, and the serving certificates that it signs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.lifetimes import SKEW, USUAL

_NOTHING_ALLOWED = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, both as PEM."""

    certificate: bytes
    key: bytes = field(repr=False)

    @property
    def parsed(self) -> x509.Certificate:
        """The certificate itself; raises ValueError when it is no PEM certificate."""
        return x509.load_pem_x509_certificate(self.certificate)

    @property
    def chain(self) -> list[x509.Certificate]:
        """The certificate and those after it, which lead to its authority; raises ValueError as `parsed` does."""
        return x509.load_pem_x509_certificates(self.certificate)

    @property
    def public_key(self) -> PublicKeyTypes:
        """The public half of the key, of whatever kind; raises ValueError or TypeError when it is no open PEM key."""
        return serialization.load_pem_private_key(self.key, password=None).public_key()

    @property
    def private_key(self) -> ec.EllipticCurvePrivateKey:
        """The key itself; raises ValueError when it is no PEM key, or one of another kind than ours."""
        key = serialization.load_pem_private_key(self.key, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the private key is not one of an elliptic curve")  # noqa: TRY004 - the content is wrong.
        return key


def make_authority(now: datetime, life: timedelta = USUAL.authority) -> Pair:
    """Return a new authority that may sign certificates of servers and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Berth authority")
    unsigned = (
        _builder(key, name, name, (now - SKEW, now + life))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign"), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    return _signed(unsigned, key, key)


def issue(authority: Pair, names: Sequence[str], now: datetime, life: timedelta = USUAL.serving) -> Pair:
    """Return a new serving certificate for the DNS names, signed by the authority, which it does not outlive."""
    return _issued(authority, names, ExtendedKeyUsageOID.SERVER_AUTH, (now, life))


def issue_client(authority: Pair, names: Sequence[str], now: datetime, life: timedelta = USUAL.serving) -> Pair:
    """Return a new certificate that its holder shows as a client, and cannot serve with."""
    return _issued(authority, names, ExtendedKeyUsageOID.CLIENT_AUTH, (now, life))


def _issued(
    authority: Pair, names: Sequence[str], usage: x509.ObjectIdentifier, validity: tuple[datetime, timedelta]
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer, (now, life) = authority.parsed, validity
    until = min(now + life, issuer.not_valid_after_utc)
    unsigned = (
        _builder(key, _name("Berth"), issuer.subject, (now - SKEW, until))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .add_extension(_issuer_identifier(issuer), critical=False)
    )
    return _signed(unsigned, key, authority.private_key)


def _builder(
    key: ec.EllipticCurvePrivateKey, subject: x509.Name, issuer: x509.Name, validity: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _signed(unsigned: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey) -> Pair:
    certificate = unsigned.sign(by, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(certificate.public_bytes(pem), private)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{**_NOTHING_ALLOWED, allowed: True})


def _issuer_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    subject_key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject_key)
