"""Certificates for the fake provider, made by the openssl command: an own CA, one per name."""

import pathlib
import ssl
import subprocess


class Pki:
    def __init__(self, directory):
        self._directory = pathlib.Path(directory)
        self.ca_file = self._make_ca("ca")
        self.other_ca_file = self._make_ca("other-ca")

    def server_context(self, *names):
        """A server-side context with a certificate for `names`, signed by `ca_file`."""
        certificate, key = self.certificate(*names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context

    def certificate(self, *names):
        """(certificate file, key file) for `names`, signed by `ca_file`; for clients too."""
        base = self._directory / "-".join(names).replace(":", "_")
        key, request, certificate = (base.with_name(base.name + s) for s in (".key", ".csr", ".pem"))
        extensions = base.with_name(base.name + ".ext")
        is_ip = lambda name: ":" in name or name.replace(".", "").isdigit()
        kinds = ["IP" if is_ip(name) else "DNS" for name in names]
        pairs = ",".join(f"{kind}:{name}" for kind, name in zip(kinds, names))
        extensions.write_text(f"subjectAltName={pairs}\n")
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request,
                 "-subj", f"/CN={names[0]}")  # fmt: skip
        _openssl("x509", "-req", "-in", request, "-CA", self.ca_file,
                 "-CAkey", self.ca_file.with_suffix(".key"), "-CAcreateserial", "-days", "2",
                 "-extfile", extensions, "-out", certificate)  # fmt: skip
        return certificate, key

    def _make_ca(self, name):
        base = self._directory / name
        certificate = base.with_suffix(".pem")
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                 f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
                 "-keyout", base.with_suffix(".key"), "-out", certificate)  # fmt: skip
        return certificate


def _openssl(*arguments):
    command = ["openssl", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
