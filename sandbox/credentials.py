"""Who may speak to a control plane: its keys, certificates and kubeconfigs, as files in its folder."""

import base64
import datetime as dt
import json
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from sandbox import command_lines
from sandbox.pki import Authority, KeyPair, private_key_pem

ADMIN = "admin"


class Credentials:
    """The authority of one control plane with everything that it signed; `admin_tls` is the cluster admin's side."""

    def __init__(self, folder: Path, now: dt.datetime) -> None:
        self._folder = folder
        self._authority = Authority(now)
        serving = self._authority.issue_serving()
        self._write(command_lines.AUTHORITY, self._authority.certificate)
        self._write(command_lines.SERVING_CERTIFICATE, serving.certificate)
        self._write(command_lines.SERVING_KEY, serving.key)
        self._write(command_lines.SERVICE_ACCOUNT_KEY, private_key_pem(ec.generate_private_key(ec.SECP256R1())))
        self._admin = self._authority.issue_client(ADMIN, ["system:masters"])
        self.admin_tls = self._client_tls(self._admin)

    def admin_kubeconfig(self, url: str) -> Path:
        """The kubeconfig of the cluster's admin."""
        return self._write_kubeconfig(ADMIN, url, _certificate_entry(self._admin))

    def user_kubeconfig(self, url: str, user: str, groups: Sequence[str]) -> Path:
        """A kubeconfig with a client certificate for a user and its groups."""
        pair = self._authority.issue_client(user, groups)
        return self._write_kubeconfig(f"user-{user}", url, _certificate_entry(pair))

    def service_account_kubeconfig(self, url: str, namespace: str, name: str, token: str) -> Path:
        """A kubeconfig with a ServiceAccount's token."""
        return self._write_kubeconfig(f"service-account-{namespace}-{name}", url, {"token": token})

    def _client_tls(self, pair: KeyPair) -> ssl.SSLContext:
        # OpenSSL reads key pairs from files only.
        file = self._write(f"{ADMIN}.pem", pair.certificate + pair.key)
        tls = ssl.create_default_context(cadata=self._authority.certificate.decode())
        tls.load_cert_chain(file)
        return tls

    def _write_kubeconfig(self, name: str, url: str, user: Mapping[str, str]) -> Path:
        cluster = {"server": url, "certificate-authority-data": _base64(self._authority.certificate)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "berth-sandbox", "cluster": cluster}],
            "users": [{"name": name, "user": dict(user)}],
            "contexts": [{"name": "berth-sandbox", "context": {"cluster": "berth-sandbox", "user": name}}],
            "current-context": "berth-sandbox",
        }
        # JSON is YAML, and a user's name may hold what a file's may not.
        return self._write(f"{name.replace('/', '_')}.kubeconfig", json.dumps(content, indent=2).encode())

    def _write(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path


def _certificate_entry(pair: KeyPair) -> dict[str, str]:
    return {"client-certificate-data": _base64(pair.certificate), "client-key-data": _base64(pair.key)}


def _base64(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
