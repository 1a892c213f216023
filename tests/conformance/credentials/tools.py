"""What the cases of this list run: marmoset_token and marmoset_passwd, which are the library of src/auth with a command line.
Tokens are forged here, by hashlib and hmac."""

import base64
import hashlib
import hmac
import json
import os
import subprocess

from bounds import PATIENCE, program, scaled
from case import Configuration

NOW = 1_000_000
SECRET = b"0123456789abcdef0123456789abcdef"
VALID = {"user": "foo", "exp": NOW + 600}


class Files(Configuration):
    """A folder with keys and users; no server."""

    def start(self):
        self.path("secret", SECRET)
        for line in (["genrsa", "-out", "rsa.pem", "2048"], ["rsa", "-in", "rsa.pem", "-pubout", "-out", "rsa.pub"],
                     ["genrsa", "-out", "small.pem", "1024"], ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ec.pem"],
                     ["ecparam", "-name", "secp256k1", "-genkey", "-noout", "-out", "k1.pem"]):
            subprocess.run(["openssl", *line], cwd=self.folder, capture_output=True, check=True, timeout=scaled(60))
        point = subprocess.run(["openssl", "ec", "-in", "ec.pem", "-pubout", "-outform", "DER"], cwd=self.folder, capture_output=True,
                               check=True, timeout=scaled(60)).stdout[-64:]
        self.jwk = {"kty": "EC", "crv": "P-256", "x": b64url(point[:32]), "y": b64url(point[32:]), "kid": "one"}

    def tool(self, name, *arguments, given=""):
        """(status, what it wrote)"""
        done = subprocess.run([program(name), *arguments], input=given, cwd=self.folder, capture_output=True, text=True,
                              timeout=scaled(PATIENCE), check=False)
        return done.returncode, done.stdout + done.stderr

    def check(self, token, *arguments, key=("--secret-file", "secret")):
        """None when the token is valid at NOW, else why not."""
        status, text = self.tool("marmoset_token", "check", *key, "--now", str(NOW), *arguments, given=token + "\n")
        assert status in (0, 2), f"{status}: {text}"
        return None if status == 0 else text.rpartition(": ")[2].strip()

    def sign(self, head, payload, secret=SECRET):
        return signed(head, payload, secret)

    def passwords(self, *lines):
        return self.path("passwd", "".join(line + "\n" for line in lines))

    def verify(self, stored, password, *arguments, user="foo"):
        """Whether this is the password of a user whose stored form is `stored`."""
        self.passwords(f"{user}:{stored}")
        status, text = self.tool("marmoset_passwd", "-u", "foo", "-f", "passwd", "--verify", *arguments, given=password + "\n")
        assert status in (0, 2), f"{status}: {text}"
        return status == 0


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encoded(value):
    """JSON text stays what it is: some members stand twice."""
    return b64url((value if isinstance(value, str) else json.dumps(value)).encode())


def signed(head, payload, secret=SECRET):
    text = f"{encoded(head)}.{encoded(payload)}"
    return f"{text}.{b64url(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def digest(name, text):
    return base64.b64encode(hashlib.new(name, text.encode()).digest()).decode()


__all__ = ["Files", "NOW", "SECRET", "VALID", "b64url", "digest", "encoded", "os", "read", "signed"]
