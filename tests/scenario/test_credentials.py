"""marmoset_passwd and marmoset_token: their command lines, terminals, files, databases and manual pages. Stored forms are
compared with Python's hashlib and the system's crypt, tokens with signatures made here and by openssl."""

import base64
import hashlib
import hmac
import json
import os
import pty
import re
import select
import signal
import sqlite3
import subprocess
import termios
import time

from harness import PATIENCE, SOURCES, Case, program, scaled, wait_for


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token):
    return json.loads(unb64url(token.split(".")[1]))


class Tool(Case):
    NAME = None

    def run_tool(self, *arguments, given=""):
        """(status, stdout, stderr)"""
        done = subprocess.run([program(self.NAME), *arguments], input=given, capture_output=True, text=True,
                              timeout=scaled(PATIENCE), cwd=self.folder, check=False)
        return done.returncode, done.stdout, done.stderr

    def output(self, *arguments, given=""):
        status, out, err = self.run_tool(*arguments, given=given)
        self.assertEqual(0, status, err)
        return out.rstrip("\n")

    def refused(self, *arguments, given="", status=1):
        """What it says on standard error."""
        found, out, err = self.run_tool(*arguments, given=given)
        self.assertEqual(status, found, out + err)
        self.assertEqual("", out)
        self.assertTrue(err.startswith(f"{self.NAME}: ") or ": " in err, err)
        return err

    def check_manual(self):
        """Every flag and command of --help stands in the manual page."""
        text = self.output("--help")
        self.assertEqual(text, self.output("-h"))
        with open(os.path.join(SOURCES, "conf", "man", f"{self.NAME}.1"), encoding="utf-8") as file:
            page = file.read().replace("\\-", "-")
        flags = re.findall(r"(?m)^ +(?:-(\w), +)?--([\w-]+)", text)
        self.assertGreater(len(flags), 8)
        for letter, name in flags:
            # A long name after its letter, or first in its line.
            self.assertRegex(page, rf'(?m)^\.(?:BI|BR|B) .*--{name}\b', name)
            if letter:
                self.assertRegex(page, rf'(?m)^\.(?:BI|BR) "?-{letter}\b.*--{name}\b', name)
        for name in re.findall(r"(?m)^  ([a-z][\w-]*)  ", text):
            self.assertRegex(page, rf"(?m)^\.(?:B|BR) {name}\b", name)
        self.assertRegex(self.output("-V"), rf"^{self.NAME}/\d+\.\d+\.\d+$")


class Passwords(Tool):
    NAME = "marmoset_passwd"

    def test_manual(self):
        self.check_manual()

    def test_lines_of_ouistiti(self):
        def digest(name, text):
            return base64.b64encode(hashlib.new(name, text.encode()).digest()).decode()

        for number, flag, name in ((1, "MD5", "md5"), (5, "SHA-256", "sha256"), (6, "SHA-512", "sha512")):
            line = self.output("-u", "foo", "-p", "bar", "-T", "Basic", "-A", flag)
            self.assertEqual(f"foo:${number}${digest(name, 'bar')}", line)
            line = self.output("-u", "foo", "-p", "bar", "-T", "Digest", "-A", flag, "-R", "My realm", "-g", "users", "-H", "/f")
            self.assertEqual(f"foo:$a{number}$realm=My realm${digest(name, 'foo:My realm:bar')}:users:/f", line)
        realm = "a realm of more than thirty-two bytes"
        line = self.output("-u", "foo", "-p", "bar", "-R", realm, "-H", "/f")
        self.assertEqual(f"foo:$a5$realm={realm[:32]}${digest('sha256', f'foo:{realm}:bar')}::/f", line)

    def test_yescrypt_and_its_like(self):
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import crypt
        for algorithm, prefix in ((None, "$y$"), ("yescrypt", "$y$"), ("bcrypt", "$2b$"), ("sha512-crypt", "$6$"),
                                  ("sha256-crypt", "$5$")):
            line = self.output("-u", "foo", *(["-A", algorithm] if algorithm else []), given="s\u00e9same ouvre-toi\n")
            user, stored = line.split(":")
            self.assertEqual("foo", user)
            self.assertTrue(stored.startswith(prefix), stored)
            self.assertEqual(stored, crypt.crypt("s\u00e9same ouvre-toi", stored))

    def test_wrong_usage(self):
        for line in ([], ["-u", "a:b"], ["-u", ""], ["-u", "foo", "-T", "Digest"], ["-u", "foo", "-T", "Other"],
                     ["-u", "foo", "-A", "DES"], ["-u", "foo", "-R", "x", "-A", "bcrypt"], ["-u", "foo", "-R", "a:b"], ["-u", "foo", "x"],
                     ["--nothing"], ["-u", "foo", "-f", "x", "-d", "y"], ["-u", "foo", "--delete"], ["--list"],
                     ["-u", "foo", "--status", "activated"], ["-u", "foo", "-p", "x", "--generate"], ["-u", "foo", "-g", "a\nb"]):
            self.refused(*line, given="bar\n")
        self.assertIn("no password", self.refused("-u", "foo"))
        self.refused("-u", "foo", given="\n")
        self.refused("-u", "foo", given="x" * 512 + "\n")
        self.assertIn("--create", self.refused("-u", "foo", "-f", "absent", given="bar\n"))
        self.assertFalse(os.path.exists(self.path("absent")))

    def test_a_password_file(self):
        # The file of a new user is nobody else's; what others wrote into it stays.
        self.output("-u", "foo", "-g", "users", "-f", "passwd", "--create", given="bar\n")
        path = self.path("passwd")
        self.assertEqual(0, os.stat(path).st_mode & 0o027)
        with open(path, "a", encoding="ascii") as file:
            file.write("# a comment\nold:clear:g:/h\n")
        self.output("-u", "foo", "-f", "passwd", given="changed\n")
        self.output("-u", "old", "-f", "passwd", "-R", "test", given="digest\n")
        with open(path, encoding="ascii") as file:
            lines = file.read().splitlines()
        self.assertRegex(lines[0], r"^foo:\$y\$[^:]*:users$")
        self.assertEqual("# a comment", lines[1])
        self.assertRegex(lines[2], r"^old:\$a5\$realm=test\$[^:]*:g:/h$")
        self.assertEqual("foo:users::activated\nold:g:/h:activated", self.output("-f", "passwd", "--list"))
        for name, password, status in (("foo", "changed", 0), ("foo", "bar", 2), ("foo", "changed ", 2), ("old", "digest", 0),
                                       ("old", "clear", 2), ("nobody", "bar", 2), ("foo", "", 2)):
            self.assertEqual(status, self.run_tool("-u", name, "-f", "passwd", "--verify", given=password + "\n")[0], (name, password))
        self.output("-u", "foo", "-f", "passwd", "--delete")
        self.assertIn("no user", self.refused("-u", "foo", "-f", "passwd", "--delete"))
        self.assertEqual("old:g:/h:activated", self.output("-f", "passwd", "--list"))

    def test_a_database(self):
        self.refused("-u", "foo", "-d", "users.db", given="bar\n")
        self.output("-u", "foo", "-g", "admins", "-d", "users.db", "--create", "--status", "reapproving", given="bar\n")
        self.output("-u", "foo", "-d", "users.db", "-H", "/home/foo", given="changed\n")
        self.assertEqual("foo:admins:/home/foo:reapproving", self.output("-d", "users.db", "--list"))
        self.assertEqual(0, self.run_tool("-u", "foo", "-d", "users.db", "--verify", given="changed\n")[0])
        self.assertEqual(2, self.run_tool("-u", "foo", "-d", "users.db", "--verify", given="bar\n")[0])
        # As ouistiti reads it.
        database = sqlite3.connect(self.path("users.db"))
        row = database.execute("SELECT users.name, groups.name, users.home, status.name, passwd FROM users"
                               " JOIN groups ON groups.id = users.groupid JOIN passwds ON passwds.userid = users.id"
                               " JOIN status ON status.id = passwds.statusid").fetchall()
        database.close()
        self.assertEqual([("foo", "admins", "/home/foo", "reapproving")], [one[:4] for one in row])
        self.assertTrue(row[0][4].startswith("$y$"))
        self.output("-u", "foo", "-d", "users.db", "--delete")
        self.assertEqual("", self.output("-d", "users.db", "--list"))

    def test_generated(self):
        status, out, password = self.run_tool("-u", "foo", "-f", "passwd", "--create", "--generate")
        self.assertEqual((0, ""), (status, out))
        self.assertRegex(password, r"^[\w-]{24}\n$")
        self.assertEqual(0, self.run_tool("-u", "foo", "-f", "passwd", "--verify", given=password)[0])

    def test_writers_beside_each_other(self):
        self.path("passwd", "")
        line = [program(self.NAME), "-f", "passwd", "-T", "Basic", "-A", "MD5", "-p", "x", "-u"]
        running = [subprocess.Popen([*line, f"user{n}"], cwd=self.folder) for n in range(12)]
        self.assertEqual([0] * 12, [one.wait(scaled(PATIENCE)) for one in running])
        self.assertEqual(12, len(self.output("-f", "passwd", "--list").splitlines()))


class Terminal(Tool):
    """The password is asked for at a terminal, and not shown there."""

    NAME = "marmoset_passwd"

    def begin(self, *arguments):
        self.master, slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        self.process = subprocess.Popen([program(self.NAME), *arguments], stdin=slave, stdout=subprocess.PIPE, stderr=slave,
                                        start_new_session=True, cwd=self.folder, text=True)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.kill)
        self.slave = slave
        self.addCleanup(os.close, slave)
        self.shown = ""

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def answer(self, prompt, text):
        def asked():
            if select.select([self.master], [], [], 0.05)[0]:
                self.shown += os.read(self.master, 4096).decode()
            return self.shown.endswith(prompt) and not self.echoes()
        wait_for(lambda: f"{prompt!r}, not {self.shown!r}", asked, 20)
        os.write(self.master, text.encode())

    def test_twice_and_hidden(self):
        self.begin("-u", "foo", "-A", "SHA-256")
        self.answer("New password: ", "secret words\n")
        self.answer("Once more: ", "secret words\n")
        self.assertEqual(0, self.process.wait(scaled(PATIENCE)))
        self.assertEqual("foo:$5$" + base64.b64encode(hashlib.sha256(b"secret words").digest()).decode() + "\n",
                         self.process.stdout.read())
        self.assertNotIn("secret", self.shown)
        self.assertTrue(self.echoes())

    def test_different(self):
        self.begin("-u", "foo")
        self.answer("New password: ", "one\n")
        self.answer("Once more: ", "other\n")
        self.assertEqual(1, self.process.wait(scaled(PATIENCE)))
        self.assertEqual("", self.process.stdout.read())

    def test_interrupted(self):
        self.begin("-u", "foo")
        self.answer("New password: ", "half")
        self.process.send_signal(signal.SIGINT)
        self.assertEqual(-signal.SIGINT, self.process.wait(scaled(PATIENCE)))
        self.assertTrue(self.echoes())


class Tokens(Tool):
    NAME = "marmoset_token"
    SECRET = "0123456789abcdef0123456789abcdef"

    def setUp(self):
        super().setUp()
        self.path("secret", self.SECRET + "\n")

    def openssl(self, *arguments, given=None):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, input=given, capture_output=True, check=True,
                              timeout=scaled(60))
        return done.stdout

    def test_manual(self):
        self.check_manual()

    def test_a_token_of_ouistitis_form(self):
        token = self.output("make", "--secret-file", "secret", "-u", "foo", "-H", "/home/foo", "--status", "activated", "-g", "users",
                            "-i", "example.org", "-e", "10", "--now", "1700000000")
        head, payload, signature = token.split(".")
        self.assertEqual(b'{"alg": "HS256", "typ": "JWT"}', unb64url(head))
        self.assertEqual(b'{"user": "foo", "home": "/home/foo", "status": "activated", "roles": "users", "exp": 1700000600, '
                         b'"iss": "example.org"}', unb64url(payload))
        expected = hmac.new(self.SECRET.encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
        self.assertEqual(b64url(expected), signature)
        for now, status in ((1700000599, 0), (1700000600, 2)):
            self.assertEqual(status, self.run_tool("check", token, "--secret-file", "secret", "--now", str(now))[0])

    def test_checks(self):
        token = self.output("make", "--secret-file", "secret", "-u", "foo", "-g", "a", "-g", "b", "-i", "x+y", "-a", "us", "--id", "7")
        self.assertEqual(["a", "b"], claims_of(token)["roles"])
        shown = json.loads(self.output("check", "--secret-file", "secret", "-i", "y", "-a", "us", given=token + "\n"))
        self.assertEqual(claims_of(token), shown)
        for line, why in ((["-i", "z"], "issuer"), (["-a", "them"], "audience"), (["--now", "9999999999"], "expired")):
            self.assertIn(why, self.refused("check", token, "--secret-file", "secret", *line, status=2))
        self.path("other", "another secret of 32 bytes and more")
        self.assertIn("signature", self.refused("check", token, "--secret-file", "other", status=2))
        self.assertIn("malformed", self.refused("check", "a.b", "--secret-file", "secret", status=2))
        self.path("short", "secret")
        status, _, err = self.run_tool("make", "--secret-file", "short", "-u", "foo")
        self.assertEqual(0, status)
        self.assertIn("short", err)

    def test_with_openssl(self):
        """RS256: signatures of openssl, and ours for openssl. ES256: what one key signs its certificate checks."""
        self.openssl("genrsa", "-out", "rsa.pem", "2048")
        self.openssl("rsa", "-in", "rsa.pem", "-pubout", "-out", "rsa.pub")
        token = self.output("make", "--key", "rsa.pem", "-u", "foo")
        signed, _, signature = token.rpartition(".")
        self.path("signature", unb64url(signature))
        self.openssl("dgst", "-sha256", "-verify", "rsa.pub", "-signature", "signature", given=signed.encode())
        self.output("check", token, "--key", "rsa.pub")
        text = f"{b64url(json.dumps({'alg': 'RS256'}).encode())}.{b64url(json.dumps({'exp': int(time.time()) + 600}).encode())}"
        foreign = self.openssl("dgst", "-sha256", "-sign", "rsa.pem", given=text.encode())
        self.output("check", f"{text}.{b64url(foreign)}", "--key", "rsa.pub")
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ec.pem")
        self.openssl("req", "-x509", "-new", "-key", "ec.pem", "-subj", "/CN=test", "-out", "ec.crt")
        token = self.output("make", "--key", "ec.pem", "-u", "foo")
        self.assertEqual(64, len(unb64url(token.split(".")[2])))
        self.output("check", token, "--key", "ec.crt")
        self.refused("check", token, "--key", "rsa.pub", status=2)
        self.refused("make", "--key", "rsa.pub", "-u", "foo")

    def test_a_key_set(self):
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ec.pem")
        point = self.openssl("ec", "-in", "ec.pem", "-pubout", "-outform", "DER")[-64:]
        jwk = {"kty": "EC", "crv": "P-256", "x": b64url(point[:32]), "y": b64url(point[32:]), "kid": "k1", "use": "sig"}
        self.path("keys", json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA"}, jwk]}))
        token = self.output("make", "--key", "ec.pem", "--key-id", "k1", "-u", "foo")
        self.output("check", token, "--keys", "keys")
        token = self.output("make", "--key", "ec.pem", "--key-id", "k2", "-u", "foo")
        self.assertIn("unknown key", self.refused("check", token, "--keys", "keys", status=2))

    def test_codes(self):
        # The codes of RFC 6238 have eight digits, of which these are the last six.
        key = base64.b32encode(b"12345678901234567890").decode()
        for now, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
            self.assertEqual(code, self.output("totp", "--user-key", key, "--now", str(now)))
            self.output("totp-check", code, "--user-key", key, "--now", str(now))
        self.refused("totp-check", "081804", "--user-key", key, "--now", "59", status=2)
        user_key = hmac.new(self.SECRET.encode(), b"foo" + self.SECRET.encode(), hashlib.sha256).digest()
        url = self.output("totp-url", "--secret-file", "secret", "-u", "foo", "-i", "My site")
        self.assertEqual("otpauth://totp/My%20site:foo?secret=" + base64.b32encode(user_key).decode().rstrip("=") +
                         "&issuer=My%20site&algorithm=SHA1&digits=6&period=30", url)
        code = self.output("totp", "--secret-file", "secret", "-u", "foo", "--now", "1000")
        self.output("totp-check", "--secret-file", "secret", "-u", "foo", "--now", "1029", given=code + "\n")
        self.refused("totp-check", "--secret-file", "secret", "-u", "fop", "--now", "1029", given=code + "\n", status=2)

    def test_secrets(self):
        first, second = self.output("secret").splitlines()
        self.assertEqual(32, len(unb64url(first)))
        self.assertEqual(20, len(base64.b32decode(second)))
        self.assertNotEqual(first, self.output("secret").splitlines()[0])

    def test_wrong_usage(self):
        for line in ([], ["other"], ["make"], ["make", "--secret-file", "absent"], ["make", "--keys", "secret"], ["make", "x", "--secret-file", "secret"],
                     ["make", "--secret-file", "secret", "--key", "secret"], ["make", "--key", "secret"], ["check", "x", "--keys", "secret"],
                     ["totp"], ["totp", "--secret-file", "secret"], ["totp", "--user-key", "1", "-u", "x"],
                     ["totp", "--key", "secret", "-u", "x"], ["make", "--secret-file", "secret", "-e", "x"],
                     ["make", "--secret-file", "secret", "-e", "-1"], ["check", "a", "b", "--secret-file", "secret"]):
            self.refused(*line)
        self.path("empty", "\n")
        self.refused("make", "--secret-file", "empty", "-u", "foo")
