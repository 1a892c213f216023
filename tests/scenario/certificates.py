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


class Authority:
    """Signs what servers show; `file` is what clients must believe."""

    def __init__(self, folder, name="authority"):
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        self.write("index", "")
        self.write("serial", "01\n")
        self.write("conf", CONFIGURATION.format(folder=self.folder, names="DNS:unused"))
        self.key(name)
        self.openssl("req", "-x509", "-config", "conf", "-extensions", "authority", "-key", f"{name}.key", "-out", f"{name}.pem",
                     "-subj", f"/CN=Test {name}", "-days", "2")
        self.name = name
        self.file = os.path.join(self.folder, f"{name}.pem")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
            file.write(text)

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError(f"openssl {' '.join(arguments)}: {done.stderr}")

    def key(self, name):
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")

    def certificate(self, name, names="DNS:localhost, IP:127.0.0.1, IP:::1", expired=False):
        """A server's certificate and key for these names: their paths."""
        self.write("conf", CONFIGURATION.format(folder=self.folder, names=names))
        self.key(name)
        self.openssl("req", "-new", "-config", "conf", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        dates = ("-startdate", "20200101000000Z", "-enddate", "20200102000000Z") if expired else ("-days", "1")
        self.openssl("ca", "-batch", "-config", "conf", "-notext", "-extensions", "server", "-keyfile", f"{self.name}.key", "-cert",
                     f"{self.name}.pem", "-in", f"{name}.csr", "-out", f"{name}.pem", *dates)
        return os.path.join(self.folder, f"{name}.pem"), os.path.join(self.folder, f"{name}.key")
