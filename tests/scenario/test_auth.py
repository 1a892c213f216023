"""The gate in front of documents: Basic and Digest, what needs a sign-in, what is told and what is not."""

import base64
import hashlib
import itertools
import time

from harness import deadline, wait_for
from sign_in import PASSWORD, USER, GateCase, basic, digest, parameters


class Basic(GateCase):
    def test_who_is_let_in(self):
        self.guard()
        asked = self.get()
        self.assertEqual((401, 'Basic realm="house", charset="UTF-8"'), (asked.status, asked.get("WWW-Authenticate")))
        self.assertEqual("no-store", asked.get("Cache-Control"))
        self.assertNotIn(b"front", asked.body)
        answer = self.get("/", basic())
        self.assertEqual((200, b"front\n"), (answer.status, answer.body))
        self.assertIn("private", answer.get("Cache-Control"))
        for user, password in ((USER, "wrong"), (USER, ""), (USER, PASSWORD + "x"), (USER.upper(), PASSWORD), ("", ""),
                               ("nobody", PASSWORD)):
            refused = self.get("/", basic(user, password))
            self.assertEqual((asked.status, asked.headers[-3:], asked.body), (refused.status, refused.headers[-3:], refused.body))

    def test_curl_and_passwords_in_the_url(self):
        self.guard()
        self.assertEqual((200, b"front\n"), self.curl("--basic", "-u", f"{USER}:{PASSWORD}", self.url()))
        self.assertEqual(401, self.curl("--basic", "-u", f"{USER}:x", self.url())[0])
        self.assertEqual((200, b"front\n"), self.curl(self.url().replace("//", "//alice:open%20sesame@")))

    def test_open_paths(self):
        self.guard(keys='protect = "^/open/but";')
        self.document("open/but/secret", "x")
        self.document("open/~alice/x", "x")
        self.assertEqual(200, self.status("/open/"))
        self.assertEqual(200, self.status("/x/../open/"))
        self.assertEqual(401, self.status("/open/../index.html"))
        self.assertEqual(401, self.status("/open/%2e%2e/index.html"))
        self.assertEqual(401, self.status("/open/~alice/x"))
        self.assertEqual(401, self.status("/open/%7ealice/x"))
        # protect wins, and asks nobody.
        refused = self.get("/open/but/secret")
        self.assertEqual((403, None), (refused.status, refused.get("WWW-Authenticate")))
        self.assertEqual(200, self.status("/open/but/secret", basic()))

    def test_malformed_credentials(self):
        self.guard()
        for value in ("", "Basic", "Basic ?", "Basic YWxpY2U", "Basic a b", "Basic YTpi, Basic YTpi", "Bearer"):
            self.assertIn(self.status("/", {"Authorization": value}), (400, 401), value)
        client = self.server.http()
        self.assertEqual(400, client.get("/", [*basic().items(), *basic().items()]).status)
        self.assertEqual(401, self.status("/", {"Authorization": "Negotiate YTpi"}))

    def test_scripts_are_not_answered_by_a_dialog(self):
        self.guard()
        refused = self.get("/", {"X-Requested-With": "XMLHttpRequest"})
        self.assertEqual((403, None), (refused.status, refused.get("WWW-Authenticate")))

    def test_headers_for_pages_and_the_log(self):
        log = self.path("access.log")
        self.guard(keys='options = "header";', top=f'access-log = "{log}";')
        answer = self.get("/", basic())
        self.assertEqual((USER, "users", "~/"), tuple(answer.get(f"X-Remote-{name}") for name in ("User", "Group", "Home")))
        self.assertEqual("X-Remote-User", answer.get("Access-Control-Expose-Headers"))
        token = answer.get("X-Auth-Token")
        self.assertEqual(200, self.status("/", {"X-Auth-Token": token}))
        self.assertEqual(200, self.status("/", {"Authorization": "Bearer " + token}))
        self.assertEqual(401, self.status("/", {"X-Auth-Token": token[:-1] + ("A" if token[-1] != "A" else "B")}))
        self.assertEqual(401, self.status("/", {"X-Auth-Token": token.swapcase()}))
        with open(log, encoding="utf-8") as file:
            self.assertIn(f"127.0.0.1 - {USER} [", file.read())
        self.assertNotIn(PASSWORD, self.server.log())
        self.assertNotIn(token, self.server.log())

    def test_a_body_waits_for_the_password(self):
        # The check takes the thread pool's time; the body is there long before, and the module behind asks for it then.
        self.guard(section='skeleton = { path = "/count"; };')
        body = b"x" * 60000
        answer = self.get("/count", basic(), method="POST", body=body)
        self.assertEqual((200, b"60000 bytes\n"), (answer.status, answer.body))
        client = self.server.http()
        pairs = [*basic().items(), ("Content-Length", "6")]
        client.send_apart(client.text("POST", "/count", pairs), b"abc", b"def")
        self.assertEqual(b"6 bytes\n", client.response("POST").body)

    def test_a_new_password_counts_at_once(self):
        self.guard()
        self.assertEqual(200, self.status("/", basic()))
        self.passwd(f"{USER}:another:users")
        self.assertEqual(200, self.status("/", basic(USER, "another")))

        def forgotten():
            return self.status("/", basic()) == 401
        wait_for("the old password to be refused", forgotten, 10)

    def test_none(self):
        self.guard("None", 'user = "kiosk";', store="")
        self.assertEqual(200, self.status())


class Digest(GateCase):
    def test_curl_with_each_hash(self):
        for algorithm in ("MD5", "SHA-256"):
            self.guard("Digest", f'algorithm = "{algorithm}";')
            self.assertIn(f"algorithm={algorithm}", self.get().get("WWW-Authenticate").replace('"', ""))
            many = [self.url("/?n=%d" % number) for number in range(3)]
            done = self.curl("--digest", "-u", f"{USER}:{PASSWORD}", *many)
            self.assertEqual(200, done[0])
            self.assertEqual(401, self.curl("--digest", "-u", f"{USER}:wrong", self.url())[0])
            self.assertEqual(401, self.curl("--basic", "-u", f"{USER}:{PASSWORD}", self.url())[0])

    def test_counts_and_nonces(self):
        self.guard("Digest")
        challenge = self.get().get("WWW-Authenticate")
        self.assertEqual(200, self.status("/", digest(challenge, "/", 1)))
        again = self.get("/", digest(challenge, "/", 1))
        self.assertEqual((401, "true"), (again.status, parameters(again.get("WWW-Authenticate"))["stale"]))
        self.assertEqual(200, self.status("/", digest(challenge, "/", 2)))
        self.assertEqual(200, self.status("/?q", digest(challenge, "/?q", 3)))
        for changes in ({"nc": "00000009"}, {"response": '"' + "0" * 64 + '"'}, {"nonce": '"x"'}, {"realm": '"other"'}):
            refused = self.get("/", digest(challenge, "/", 8, **changes))
            self.assertEqual(401, refused.status, changes)
            self.assertNotEqual("true", parameters(refused.get("WWW-Authenticate")).get("stale"), changes)
        for changes in ({"uri": '"/other"'}, {"qop": "auth-int"}, {"qop": '""'}, {"nc": "0"}):
            self.assertEqual(400, self.status("/", digest(challenge, "/", 9, **changes)), changes)
        # What was made for one method or path is of no use for another.
        self.assertEqual(401, self.status("/", digest(challenge, "/", 10, method="HEAD")))
        self.assertIn(b"auth-int", self.get("/", digest(challenge, "/", 11, qop="auth-int")).body)

    def test_an_old_nonce_is_stale(self):
        self.guard("Digest", "nonce_expire = 1;")
        challenge = self.get().get("WWW-Authenticate")
        count = 0

        def stale():
            nonlocal count
            count += 1
            answer = self.get("/", digest(challenge, "/", count))
            return answer.status == 401 and parameters(answer.get("WWW-Authenticate"))["stale"] == "true"
        wait_for("the nonce to grow old", stale, 20)

    def test_stored_forms_and_hashed_names(self):
        ha1 = hashlib.sha256(f"{USER}:house:{PASSWORD}".encode()).digest()
        stored = "$a5$realm=house$" + base64.b64encode(ha1).decode()
        self.guard("Digest", "userhash = true;", f'file = "{self.passwd("zoe:x", f"{USER}:{stored}:users")}";')
        challenge = self.get().get("WWW-Authenticate")
        self.assertEqual("true", parameters(challenge)["userhash"])
        self.assertEqual(200, self.status("/", digest(challenge, "/", 1)))
        name = hashlib.sha256(f"{USER}:house".encode()).hexdigest()
        hashed = digest(challenge, "/", 2, username=f'"{name}"', userhash="true")
        answer = self.get("/", hashed)
        self.assertEqual(200, answer.status, answer)
        self.assertIn("rspauth=", answer.get("Authentication-Info"))


class BruteForce(GateCase):
    def guess_until_slow(self, guess, free):
        """guess(failed), with the number of those that have failed, again and again: `free` of them cost nothing, then there is a wait
        of 1 s, of 2 s and so on. Until one is so long that all that follows comes within it. Returns how many have failed."""
        failed, begin = 0, time.monotonic()

        def has_long_to_wait():
            nonlocal failed
            answer = guess(failed)
            if answer.status == 401:
                failed += 1
                return False
            self.assertEqual(429, answer.status)
            self.assertGreaterEqual(int(answer.get("Retry-After")), 1)
            return int(answer.get("Retry-After")) >= 8
        wait_for("a long wait", has_long_to_wait, 40)
        self.check_waits(failed, free, begin)
        return failed

    def check_waits(self, failed, free, begin):
        """So many have failed since `begin`: not fewer than cost nothing, and for each of the others there was time."""
        self.assertGreaterEqual(failed, free)
        # A worker's clock may be behind by what it was busy with.
        self.assertGreater(time.monotonic() - begin, 2 ** (failed - free) - 1.5)

    @deadline(60)
    def test_an_address_is_slowed_down_by_all_workers_together(self):
        self.guard(keys="failures = 5;", workers="2")
        clients = self.one_in_each()
        turns = itertools.cycle(clients)
        failed = self.guess_until_slow(lambda number: next(turns).get("/", basic(USER, f"guess {number}")), 5)
        # The right password, too: it would tell that it is right.
        self.assertEqual(429, clients[0].get("/", basic()).status)
        self.assertEqual(429, clients[1].get("/", basic("somebody", "else")).status)
        # Who is in stays in.
        self.assertEqual(200, clients[0].get("/open/").status)
        log = self.server.log()
        self.assertEqual(failed, log.count(f"{USER}: wrong name or password"))
        self.assertIn("too many failures before", log)
        self.assertNotIn("guess", log)

    @deadline(60)
    def test_many_at_once(self):
        self.guard(keys="failures = 5;", workers="2")
        begin = time.monotonic()
        clients = [self.server.http() for _ in range(40)]
        for number, client in enumerate(clients):
            client.request("GET", "/", basic(USER, f"guess {number}"))
        statuses = [client.response().status for client in clients]
        self.assertEqual(40, statuses.count(401) + statuses.count(429))
        self.check_waits(statuses.count(401), 5, begin)

    @deadline(60)
    def test_digest_counts_too(self):
        self.guard("Digest", "failures = 5;", workers="2")
        first, second = self.one_in_each()
        challenge = first.get("/").get("WWW-Authenticate")
        begin = time.monotonic()
        statuses = [client.get("/", digest(challenge, "/", count, password="x")).status
                    for count in range(1, 5) for client in (first, second)]
        self.assertEqual([401] * 5, statuses[:5])
        self.assertEqual(8, statuses.count(401) + statuses.count(429))
        self.check_waits(statuses.count(401), 5, begin)

    @deadline(60)
    def test_right_ones_of_digest_are_no_attempts(self):
        # As many at once as a page has pictures, the first of them while the account is being read.
        self.guard("Digest", "failures = 2;")
        challenge = self.get().get("WWW-Authenticate")
        clients = [self.server.http() for _ in range(20)]
        for number, client in enumerate(clients):
            client.request("GET", "/", list(digest(challenge, "/", number + 1).items()))
        self.assertEqual([200] * 20, [client.response().status for client in clients])

    @deadline(60)
    def test_guesses_of_many_do_not_lock_a_user_out(self):
        self.guard(keys="failures = 2;", section='proxies = "127.0.0.1"; forwarded = "x-forwarded-for";')

        def ask(number, password):
            return self.get("/", {**basic(USER, password), "X-Forwarded-For": f"192.0.2.{number}"})
        self.assertEqual(200, ask(1, PASSWORD).status)
        self.guess_until_slow(lambda number: ask(2 + number, f"guess {number}"), 4)
        # Who was right there before is not among the guessers; anybody else waits.
        self.passwd(f"{USER}:another:users")
        self.assertEqual([429, 200], [ask(200, "another").status, ask(1, "another").status])

    def test_a_nonce_count_is_good_once_in_all_workers(self):
        self.guard("Digest", workers="2")
        first, second = self.one_in_each()
        challenge = first.get("/").get("WWW-Authenticate")
        credentials = digest(challenge, "/", 1)
        self.assertEqual(200, second.get("/", credentials).status)
        self.assertEqual(401, first.get("/", credentials).status)
        self.assertEqual(200, first.get("/", digest(challenge, "/", 2)).status)
        self.assertEqual(401, second.get("/", digest(challenge, "/", 2)).status)
