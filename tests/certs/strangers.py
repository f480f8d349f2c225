"""Authorities and certificates as others make them: of other keys, with a chain, with other usages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.authorities import Content

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def rsa_key() -> Key:
    """Return a key of the kind that most tools make."""
    return rsa.generate_private_key(65537, 2048)


def curve_key() -> Key:
    """Return a key on the curve P-384, another one than Berth's own."""
    return ec.generate_private_key(ec.SECP384R1())


@dataclass(frozen=True)
class Holder:
    """Who holds a key and its certificate, and the certificates that lead from there to the authority above all."""

    key: Key
    certificate: x509.Certificate
    between: tuple[x509.Certificate, ...] = ()
    top: x509.Certificate | None = None

    @property
    def content(self) -> Content:
        """What a Secret would hold, as cert-manager fills it."""
        chain = b"".join(pem(each) for each in (self.certificate, *self.between))
        private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return {"tls.crt": chain, "tls.key": private, "ca.crt": pem(self.top or self.certificate)}


@dataclass(frozen=True)
class Order:
    """What is asked of whoever signs; `since` is when the certificate begins to be valid."""

    since: datetime
    life: timedelta = timedelta(days=90)
    usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.SERVER_AUTH,)


def pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as it is written."""
    return certificate.public_bytes(Encoding.PEM)


def authority(name: str, since: datetime, above: Holder | None = None) -> Holder:
    """Return an authority, signed by one above it or by itself."""
    key = curve_key()
    unsigned = _begun(name, key, Order(since, timedelta(days=3650)), above)
    unsigned = unsigned.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return _held(unsigned, key, above)


def server(names: Sequence[str], order: Order, above: Holder | None = None, key: Key | None = None) -> Holder:
    """Return a server's certificate, signed by an authority or by itself."""
    key = key or curve_key()
    unsigned = _begun("server", key, order, above).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False
    )
    if order.usages:
        unsigned = unsigned.add_extension(x509.ExtendedKeyUsage(order.usages), critical=False)
    return _held(unsigned, key, above)


def _begun(name: str, key: Key, order: Order, above: Holder | None) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.certificate.subject if above else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(order.since)
        .not_valid_after(order.since + order.life)
    )


def _held(unsigned: x509.CertificateBuilder, key: Key, above: Holder | None) -> Holder:
    certificate = unsigned.sign(above.key if above else key, hashes.SHA256())
    if above is None:
        return Holder(key, certificate)
    if above.top is None:
        return Holder(key, certificate, (), above.certificate)
    return replace(above, key=key, certificate=certificate, between=(above.certificate, *above.between))
