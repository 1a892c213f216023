"""https: which certificate is shown to whom, what clients have to show, what is wrong with files, and how new ones are taken
into use."""

import os
import pwd
import re
import shutil
import signal
import ssl

from certificates import RSA, Authority
from harness import CREDIT, END, MODULES, OPEN, ROOT, arguments, children, configuration, wait_for
from tls_servers import TlsCase, for_each_library


def listed(pairs):
    certificates = ", ".join(f'"{certificate}"' for certificate, _ in pairs)
    keys = ", ".join(f'"{key}"' for _, key in pairs)
    return f"crtfile = [ {certificates} ]; keyfile = [ {keys} ];"


@for_each_library
class Names:
    def shown(self, server, name=None, suite="ECDHE-ECDSA-AES128-GCM-SHA256"):
        """The common name of the certificate that is shown to a client that asks for `name`."""
        how = ("-servername", name) if name else ("-noservername",)
        done = self.s_client(server, "-tls1_2", "-cipher", suite, *how)
        found = re.search(r"(?m)^subject=.*CN = (\S+)$", done.text)
        return found and found.group(1)

    def test_each_name_has_its_certificate(self):
        pairs = [self.authority.certificate(name, names=f"DNS:{names}") for name, names in
                 (("first", "first.example"), ("second", "second.example, DNS:other.example"), ("wild", "*.wild.example"))]
        server = self.secure(listed(pairs))
        for name, expected in (("first.example", "first"), ("second.example", "second"), ("OTHER.example", "second"),
                               ("a.wild.example", "wild"), ("a.b.wild.example", "first"), ("wild.example", "first"),
                               ("unknown.example", "first"), (None, "first")):
            self.assertEqual(expected, self.shown(server, name), name)

    def test_each_name_in_both_kinds(self):
        pairs = [self.authority.certificate(f"{name}-{label}", names=f"DNS:{name}.example", **how)
                 for name in ("one", "two") for label, how in (("ec", {}), ("rsa", {"kind": RSA}))]
        server = self.secure(listed(pairs))
        for name in ("one", "two"):
            self.assertEqual(f"{name}-ec", self.shown(server, f"{name}.example"))
            self.assertEqual(f"{name}-rsa", self.shown(server, f"{name}.example", "ECDHE-RSA-AES128-GCM-SHA256"))
        self.assertEqual("one-rsa", self.shown(server, None, "ECDHE-RSA-AES128-GCM-SHA256"))

    def test_an_authority_in_between(self):
        """Clients that believe the root only get what leads there: from crtfile, or from cachain."""
        between = Authority(self.folder, "between", self.authority)
        certificate, key = between.certificate("leaf")
        with open(between.file, encoding="ascii") as lower, open(self.authority.file, encoding="ascii") as root, \
                open(certificate, encoding="ascii") as own:
            lower, root, own = lower.read(), root.read(), own.read()
        chain = self.path("chain.pem", root + lower)
        together = self.path("together.pem", own + lower)
        for how in ({"keys": f'cachain = "{chain}";', "certificate": certificate, "key": key},
                    {"certificate": together, "key": key}):
            server = self.secure(**how)
            self.assertEqual(200, self.connect(server).get("/").status)
            done = self.s_client(server, "-showcerts")
            self.assertEqual(2, done.text.count("BEGIN CERTIFICATE"), done)  # the root itself is not sent
        server = self.secure(certificate=certificate, key=key)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.connect(server)

    def test_one_file_holds_both(self):
        with open(self.certificate, encoding="ascii") as first, open(self.key, encoding="ascii") as second:
            both = self.path("both.pem", first.read() + second.read())
        server = self.secure(f'crtfile = "{both}";')
        self.assertEqual(200, self.connect(server).get("/").status)

    def test_der(self):
        self.authority.openssl("x509", "-in", "server.pem", "-outform", "DER", "-out", "server.der")
        self.authority.openssl("pkey", "-in", "server.key", "-outform", "DER", "-out", "key.der")
        server = self.secure(certificate=f"{self.authority.folder}/server.der", key=f"{self.authority.folder}/key.der")
        self.assertEqual(200, self.connect(server).get("/").status)


@for_each_library
class Clients:
    def setUp(self):
        super().setUp()
        self.alice = self.authority.certificate("alice", subject="/O=Example, Inc./CN=alice")
        self.mallory = Authority(self.folder, "elsewhere").certificate("mallory", subject="/CN=alice")
        self.late = self.authority.certificate("late", expired=True)

    def ask(self, server, pair):
        """The status of a request; None: the handshake was refused."""
        try:
            return self.connect(server, context=self.context(pair=pair)).get("/").status
        except (ssl.SSLError, ConnectionError):
            return None

    def keys(self, wanted):
        return f'clientauth = "{wanted}"; cachain = "{self.authority.file}";'

    def test_required(self):
        server = self.secure(self.keys("required"))
        self.assertEqual(200, self.ask(server, self.alice))
        self.assertEqual([None] * 3, [self.ask(server, pair) for pair in (None, self.mallory, self.late)])
        server.wait_log("TLS: client certificate: .*")

    def test_optional(self):
        server = self.secure(self.keys("optional"))
        self.assertEqual([200, 200], [self.ask(server, pair) for pair in (None, self.alice)])
        self.assertEqual([None] * 2, [self.ask(server, pair) for pair in (self.mallory, self.late)])

    def test_a_servers_certificate_is_no_clients(self):
        """One that its authority made for servers names nobody, whether one is required or not."""
        theirs = self.authority.certificate("theirs", usage="serverAuth")
        ours = self.authority.certificate("ours", usage="clientAuth")
        for wanted in ("required", "optional"):
            server = self.secure(self.keys(wanted))
            self.assertEqual([None, 200], [self.ask(server, pair) for pair in (theirs, ours)], wanted)

    def test_none(self):
        server = self.secure()
        self.assertEqual(200, self.ask(server, self.mallory))

    def test_the_system_server_is_told(self):
        app = self.link_server()
        server = self.secure(self.keys("optional"))
        told, link = [], None
        for pair in (self.alice, None):
            client = self.websocket_start(server, pair)
            link = link or app.greet()
            told.append(link.expect(OPEN, skip=(CREDIT, END)).json["tls"])
            client.drop()
        self.assertEqual({"version": self.newest, "cipher": told[0]["cipher"], "subject": r"O=Example\, Inc., CN=alice"}, told[0])
        self.assertRegex(told[0]["cipher"], "^(TLS_AES_|ECDHE-ECDSA-AES)")
        self.assertEqual("", told[1]["subject"])

    def websocket_start(self, server, pair):
        from harness import WebSocket
        client = self.connect(server, WebSocket, self.context(pair=pair))
        client.start("/app", headers={"Origin": f"https://{client.host}"})
        return client

    def test_a_ticket_does_not_stand_for_a_certificate(self):
        """Who had a session before certificates were asked for must show one now."""
        server = self.secure()
        context = self.context(version=ssl.TLSVersion.TLSv1_2)
        client = self.connect(server, context=context)
        self.assertEqual(200, client.get("/").status)
        session = client.sock.session
        client.drop()
        client = self.connect(server, context=context, session=session)
        self.assertTrue(client.sock.session_reused)
        client.drop()
        with open(server.config, "w", encoding="utf-8") as file:
            file.write(self.text(self.keys("required")))
        server.send_signal(signal.SIGHUP)
        server.wait_log("reloaded, listening")
        wait_for("the new workers alone", lambda: len(children(server.pid)) == 1)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.connect(server, context=context, session=session).get("/")

    def test_needs_authorities(self):
        config = self.path("m.conf", self.text('clientauth = "required";'))
        status, _, err = self.run_marmoset(*arguments(config, "-t")[1:])
        self.assertEqual(1, status)
        self.assertRegex(err, r"m\.conf:\d+: servers\[0\]\.tls\.clientauth: needs cachain")


@for_each_library
class Mistakes:
    """One line with file, line and key, and the end before anything listens."""

    def expect(self, keys, name, reason, **how):
        text = self.text(keys, **how)
        config = self.path("m.conf", text)
        line = 1 + text[:text.index("tls = {")].count("\n")
        for more in ((), ("-t",)):
            status, _, err = self.run_marmoset(*arguments(config, "-P", "0", *more)[1:])
            self.assertEqual(1, status, err)
            errors = [one for one in err.splitlines() if "warning" not in one]
            self.assertEqual(1, len(errors), err)
            self.assertRegex(errors[0], rf"^marmoset: {re.escape(config)}:{line}: servers\[0\]\.tls\.{name}: .*{reason}", err)

    def test_files_that_are_not_there(self):
        missing = self.path("missing.pem")
        self.expect("", "crtfile", f"{missing}: No such file", certificate=missing)
        self.expect("", "keyfile", f"{missing}: No such file", key=missing)
        self.expect(f'cachain = "{missing}";', "cachain", f"{missing}: No such file")
        self.expect(f'dhmfile = "{missing}";', "dhmfile", f"{missing}: No such file")

    def test_files_of_something_else(self):
        text = self.path("text.pem", "not a certificate\n")
        self.expect("", "crtfile", f"{text}: no certificate in it", certificate=text)
        self.expect("", "crtfile", f"{self.key}: no certificate in it", certificate=self.key)
        self.expect("", "keyfile", f"{self.certificate}: no private key in it", key=self.certificate)
        self.expect("", "keyfile", f"{text}: no private key in it", key=text)
        self.expect(f'cachain = "{text}";', "cachain", f"{text}: no certificate in it")
        self.expect(f'dhmfile = "{text}";', "dhmfile", f"{text}: ")

    def test_damaged_files(self):
        with open(self.certificate, encoding="ascii") as file:
            lines = file.read().splitlines()
        damaged = self.path("damaged.pem", "\n".join(lines[:3] + ["AAAA" + lines[3][4:]] + lines[5:]) + "\n")
        self.expect("", "crtfile", f"{damaged}: ", certificate=damaged)

    def test_a_key_of_another_certificate(self):
        _, other = self.authority.certificate("other")
        self.expect("", "keyfile", f"{other}: the key does not belong to the certificate {self.certificate}", key=other)

    def test_a_key_with_a_password(self):
        self.authority.openssl("pkcs8", "-topk8", "-in", "server.key", "-out", "locked.key", "-passout", "pass:secret")
        locked = os.path.join(self.authority.folder, "locked.key")
        self.expect("", "keyfile", f"{locked}: the key is encrypted", key=locked)

    def test_lists_of_different_lengths(self):
        self.expect(f'crtfile = "{self.certificate}"; keyfile = [ "{self.key}", "{self.key}" ];', "keyfile",
                    "2 keys for 1 certificates")

    def test_suites(self):
        self.expect('ciphers = "ECDHE-RSA-AES128-GCM-SHA256:RC4-MD5";', "ciphers", '"RC4-MD5" is no cipher suite')
        self.expect('ciphers = " ";', "ciphers", "there is none")

    def test_nothing_to_show(self):
        text = configuration(f'tls = {{ library = "{self.library}"; }};')
        status, _, err = self.run_marmoset(*arguments(self.path("m.conf", text), "-t")[1:])
        self.assertEqual(1, status)
        self.assertRegex(err, r"m\.conf:\d+: servers\[0\]\.tls\.crtfile: not set")

    def test_an_old_certificate_is_told_and_served(self):
        certificate, key = self.authority.certificate("old", expired=True)
        server = self.secure(certificate=certificate, key=key)
        self.assertRegex(server.log(), f"{certificate}: the certificate has expired")
        context = self.context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.assertEqual(200, self.connect(server, context=context).get("/").status)


@for_each_library
class Reloads:
    def replace(self, name="server", **how):
        """Another certificate and key under the same names."""
        new = self.authority.certificate(f"{name}-new", **how)
        shutil.move(new[0], self.certificate)
        shutil.move(new[1], self.key)

    def serial(self, server):
        client = self.connect(server)
        self.assertEqual(200, client.get("/").status)
        serial = client.sock.getpeercert()["serialNumber"]
        client.drop()
        return serial

    def reload(self, server, workers=True):
        count = len(re.findall("reloaded, listening", server.log()))
        server.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: len(re.findall("reloaded, listening", server.log())) > count, 20)

    def check_new_certificates(self, workers):
        self.echo()
        server = self.secure(workers=workers)
        old = self.serial(server)
        staying = self.websocket(server)
        staying.echo("before")
        self.replace()
        self.assertEqual(old, self.serial(server))
        self.reload(server)
        wait_for("the new certificate", lambda: self.serial(server) != old)
        staying.echo("after")
        staying.close()

    def test_new_certificates_without_dropping_clients(self):
        self.check_new_certificates(workers=1)

    def test_the_same_in_one_process(self):
        self.check_new_certificates(workers=0)

    def test_a_bad_one_is_not_taken(self):
        server = self.secure()
        old = self.serial(server)
        with open(self.certificate, "w", encoding="ascii") as file:
            file.write("nothing\n")
        server.send_signal(signal.SIGHUP)
        server.wait_log("not reloaded")
        self.assertRegex(server.log(), rf"servers\[0\]\.tls\.crtfile: {self.certificate}: no certificate in it")
        self.assertEqual(old, self.serial(server))

    def test_a_key_that_only_root_can_read(self):
        if not ROOT:
            return  # only root has such keys
        for path in (self.folder, self.authority.folder, self.documents):
            os.chmod(path, 0o755)
        os.chmod(self.key, 0o600)
        server = self.secure(top='user = "nobody";')
        old = self.serial(server)  # before that the worker may still be about to change its user
        for pid in server.workers():
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                self.assertIn(f"Uid:\t{pwd.getpwnam('nobody').pw_uid}\t", file.read())
        self.replace()
        os.chmod(self.key, 0o600)
        self.reload(server)
        wait_for("the new certificate", lambda: self.serial(server) != old)


class Stapling(TlsCase):
    """OCSP responses: OpenSSL sends them, mbedTLS can't and says so."""

    library = "openssl"

    def response(self, name="server", authority=None):
        by = authority or self.authority
        by.openssl("ocsp", "-index", "index", "-CA", by.file, "-rsigner", by.file, "-rkey", f"{by.name}.key", "-issuer", by.file,
                   "-cert", f"{name}.pem", "-respout", f"{name}.ocsp", "-ndays", "1")
        return os.path.join(by.folder, f"{name}.ocsp")

    def test_sent_with_the_certificate_it_is_about(self):
        other = self.authority.certificate("other", names="DNS:other.example")
        server = self.secure(f'{listed([(self.certificate, self.key), other])} ocsp = "{self.response()}";')
        done = self.s_client(server, "-status", "-servername", "localhost")
        self.assertIn("OCSP Response Status: successful", done.text)
        self.assertIn("Cert Status: good", done.text)
        self.assertIn("no response sent", self.s_client(server, "-status", "-servername", "other.example").text)

    def expect(self, keys, reason):
        config = self.path("m.conf", self.text(keys))
        status, _, err = self.run_marmoset("-t", "-f", config, "-M", MODULES)
        self.assertEqual(1, status)
        self.assertRegex(err, rf"servers\[0\]\.tls\.ocsp: .*{reason}")

    def test_mistakes(self):
        self.authority.certificate("other")
        self.expect(f'ocsp = "{self.response("other")}";', "is about none of the certificates")
        # Another authority's certificate, and one of an authority of the same name with another key: of the same number each.
        elsewhere = Authority(self.folder, "elsewhere")
        elsewhere.certificate("server")
        self.expect(f'ocsp = "{self.response(authority=elsewhere)}";', "is about none of the certificates")
        os.mkdir(os.path.join(self.folder, "again"))
        namesake = Authority(os.path.join(self.folder, "again"))
        namesake.certificate("server")
        theirs = self.response(authority=namesake)
        self.expect(f'cachain = "{self.authority.file}"; ocsp = "{theirs}";', "is about none of the certificates")
        self.expect(f'ocsp = "{self.certificate}";', "no OCSP response")
        self.library = "mbedtls"
        self.expect(f'ocsp = "{self.certificate}";', "mbedtls can't staple")


class Port(TlsCase):
    def test_443_unless_another_is_named(self):
        """On a loopback address of our own. Who may not take the port is told of it."""
        address = f"127.{os.getpid() >> 16 & 255 | 1}.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
        text = re.sub(r"(?m)^port = 0;$", "", self.text(addr=None)).replace('addr = "127.0.0.1";', f'addr = "{address}";')
        config = self.path("m.conf", re.sub(r"(?m)^addr = None;$", "", text))
        server = self.launch(arguments(config), "marmoset")
        self.assertIn(f"{address}:443", server.wait_log(r"listening on (\S+),|bind (\S+):").group(0))
