"""Certificates of a test's own authority, made with the openssl program. In: a folder. Out: PEM files."""

import os
import subprocess

CONFIGURATION = """\
[ca]
default_ca = test
[test]
dir = {folder}
database = {folder}/index
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = anything
unique_subject = no
copy_extensions = copy
[anything]
organizationName = optional
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
CN = nobody
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[server]
basicConstraints = CA:FALSE
subjectAltName = {names}
"""
EC = ("ecparam", "-name", "prime256v1", "-genkey", "-noout")
RSA = ("genrsa", "-traditional", "2048")


class Authority:
    """Signs what servers and clients show; `file` is what the other end must believe. With a `parent` it is an authority
    between that and those it signs."""

    def __init__(self, folder, name="authority", parent=None):
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        self.write("index", "")
        self.write("serial", "01\n")
        self.write("conf", CONFIGURATION.format(folder=self.folder, names="DNS:unused"))
        self.name = name
        self.file = os.path.join(self.folder, f"{name}.pem")
        self.key(name)
        subject = ("-key", f"{name}.key", "-subj", f"/CN=Test {name}")
        if parent:
            self.openssl("req", "-new", "-config", "conf", "-out", f"{name}.csr", *subject)
            parent.sign(os.path.join(self.folder, f"{name}.csr"), self.file, "authority")
        else:
            self.openssl("req", "-x509", "-config", "conf", "-extensions", "authority", "-out", f"{name}.pem", "-days", "2", *subject)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
            file.write(text)

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError(f"openssl {' '.join(arguments)}: {done.stderr}")

    def key(self, name, kind=EC):
        # genrsa wants its number behind the options.
        self.openssl(*(kind if kind is not RSA else kind[:-1]), "-out", f"{name}.key", *(kind[-1:] if kind is RSA else ()))

    def sign(self, request, certificate, extensions, expired=False):
        dates = ("-startdate", "20200101000000Z", "-enddate", "20200102000000Z") if expired else ("-days", "1")
        self.openssl("ca", "-batch", "-config", "conf", "-notext", "-extensions", extensions, "-keyfile", f"{self.name}.key", "-cert",
                     f"{self.name}.pem", "-in", request, "-out", certificate, *dates)

    def certificate(self, name, names="DNS:localhost, IP:127.0.0.1, IP:::1", expired=False, kind=EC, subject=None, usage=None):
        """A certificate and key, of a server for these names or of a client: their paths. `usage`: what it is good for, if not for all
        («serverAuth»)."""
        usage = f"extendedKeyUsage = {usage}\n" if usage else ""
        self.write("conf", CONFIGURATION.format(folder=self.folder, names=names) + usage)
        self.key(name, kind)
        self.openssl("req", "-new", "-config", "conf", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj", subject or f"/CN={name}")
        self.sign(f"{name}.csr", f"{name}.pem", "server", expired)
        return os.path.join(self.folder, f"{name}.pem"), os.path.join(self.folder, f"{name}.key")
