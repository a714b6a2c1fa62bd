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

    def stranger_context(self, *names):
        """The same, signed by an authority that nobody trusts."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate(*names, authority=self.other_ca_file))
        return context

    def expired_certificate(self, name):
        """(certificate file, key file) for `name`, signed by `ca_file`; ended in the year 2001."""
        return self.certificate(name, span=("20000101000000Z", "20010101000000Z"))

    def certificate(self, *names, authority=None, span=None):
        """(certificate file, key file) for `names`, signed by `ca_file`; for clients too.

        `authority`: another one's file. `span`: (first, last) instant instead of two days from now.
        """
        authority = authority or self.ca_file
        suffix = authority.stem + ("-span" if span else "")
        base = self._directory / f"{'-'.join(names)}-{suffix}".replace(":", "_")
        key, request, certificate = (base.with_name(base.name + s) for s in (".key", ".csr", ".pem"))
        extensions = base.with_name(base.name + ".ext")
        is_ip = lambda name: ":" in name or name.replace(".", "").isdigit()
        kinds = ["IP" if is_ip(name) else "DNS" for name in names]
        pairs = ",".join(f"{kind}:{name}" for kind, name in zip(kinds, names))
        extensions.write_text(f"subjectAltName={pairs}\n")
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request,
                 "-subj", f"/CN={names[0]}")  # fmt: skip
        if span:
            self._sign_for(span, authority, request, extensions, certificate)
        else:
            _openssl("x509", "-req", "-in", request, "-CA", authority,
                     "-CAkey", authority.with_suffix(".key"), "-CAcreateserial", "-days", "2",
                     "-extfile", extensions, "-out", certificate)  # fmt: skip
        return certificate, key

    def _sign_for(self, span, authority, request, extensions, certificate):
        """Only `openssl ca` takes two instants; it wants a database, which is thrown away."""
        directory = certificate.with_suffix(".db")
        directory.mkdir()
        (directory / "index").touch()
        (directory / "serial").write_text("01\n")
        config = directory / "ca.conf"
        config.write_text(
            f"[ca]\ndefault_ca=x\n[x]\ndatabase={directory}/index\nserial={directory}/serial\n"
            f"new_certs_dir={directory}\ndefault_md=sha256\npolicy=p\n"
            "[p]\ncommonName=supplied\n"
        )
        _openssl("ca", "-batch", "-notext", "-config", config, "-cert", authority,
                 "-keyfile", authority.with_suffix(".key"), "-startdate", span[0],
                 "-enddate", span[1], "-extfile", extensions, "-in", request,
                 "-out", certificate)  # fmt: skip

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
