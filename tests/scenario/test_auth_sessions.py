"""Sessions: the form, cookies, tokens, tickets for websockets, and their ends, in all workers."""

import asyncio
import hashlib
import hmac
import json
import math
import os
import struct
import time

import websockets

from direct import DirectCase
from harness import CLOSE, deadline, wait_for
from sign_in import PASSWORD, USER, GateCase, basic, cookies, digest, form

KEYS = 'signin = "/signin.html";'


class Form(GateCase):
    def test_the_way_of_a_browser(self):
        self.guard("wwwform", KEYS)
        sent = self.get("/deep/page?a=1&b=2", {"Accept": "text/html,*/*"})
        self.assertEqual((302, "/signin.html?redirect_uri=/deep/page%3Fa%3D1%26b%3D2"), (sent.status, sent.get("Location")))
        self.assertEqual(b"the form\n", self.get("/signin.html").body)
        # What shows no pages is asked as a program is.
        for headers in ({}, {"Accept": "text/html", "X-Requested-With": "XMLHttpRequest"}):
            self.assertEqual((401, 'Bearer realm="house"'), (lambda a: (a.status, a.get("WWW-Authenticate")))(self.get("/", headers)))
        answer = self.post("/auth", {"username": USER, "password": PASSWORD, "redirect_uri": "/deep/page?a=1"})
        self.assertEqual((303, "/deep/page?a=1", "no-store"),
                         (answer.status, answer.get("Location"), answer.get("Cache-Control")))
        lines = {line.partition("=")[0]: line for line in answer.all("Set-Cookie")}
        self.assertRegex(lines["X-Auth-Token"], r"^X-Auth-Token=[\w.-]+; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax$")
        self.assertEqual("X-Remote-User=alice; Path=/; Max-Age=1800; SameSite=Lax", lines["X-Remote-User"])
        session = {"Cookie": "other=1; X-Auth-Token=" + cookies(answer)["X-Auth-Token"]}
        self.assertEqual(b"front\n", self.get("/", session).body)
        who = json.loads(self.get("/auth", session).body)
        self.assertEqual((USER, "users", "al", "Cookie"), tuple(who[key] for key in ("user", "group", "home", "scheme")))
        self.assertAlmostEqual(time.time() + 1800, who["expires"], delta=120)
        self.assertEqual(401, self.status("/auth"))

    def test_pages_can_ask_without_being_asked(self):
        self.guard("wwwform", KEYS)
        answer = self.get("/auth/session", {"Accept": "application/json"})
        self.assertEqual((200, "application/json", "no-store", None),
                         (answer.status, answer.get("Content-Type"), answer.get("Cache-Control"), answer.get("WWW-Authenticate")))
        self.assertEqual({"signed_in": False, "signin": "/signin.html"}, json.loads(answer.body))
        session = self.sign_in()
        who = json.loads(self.get("/auth/session", session).body)
        self.assertEqual((True, USER, "users", "/signin.html"), tuple(who[key] for key in ("signed_in", "user", "group", "signin")))
        self.assertEqual(json.loads(self.get("/auth", session).body)["expires"], who["expires"])
        self.assertEqual(405, self.status("/auth/session", session, method="POST", body=b""))
        self.assertEqual(204, self.status("/auth/signout", session, method="POST", body=b""))
        answer = self.get("/auth/session", session)
        self.assertFalse(json.loads(answer.body)["signed_in"])
        self.assertEqual("", cookies(answer)["X-Auth-Token"])  # what is over is taken back

    def test_where_it_leads(self):
        self.guard("wwwform", KEYS)
        for target in ("//evil.example", "http://evil.example/", "/\\evil.example", "/a\r\nX-Injected: 1", "javascript:1", ""):
            answer = self.post("/auth", {"username": USER, "password": PASSWORD, "redirect_uri": target})
            self.assertEqual((303, "/"), (answer.status, answer.get("Location")), target)
            self.assertIsNone(answer.get("X-Injected"))
        refused = self.post("/auth", {"username": USER, "password": "x", "redirect_uri": "/deep"})
        self.assertEqual((303, "/signin.html?failed=1&redirect_uri=/deep#failed", []),
                         (refused.status, refused.get("Location"), refused.all("Set-Cookie")))
        refused = self.post("/auth", {"username": "nobody", "password": "x"}, {"Accept": "application/json"})
        self.assertEqual((401, {"error": "wrong name, password or code"}), (refused.status, json.loads(refused.body)))
        answer = self.post("/auth", {"username": USER, "password": PASSWORD}, {"Accept": "application/json"})
        self.assertEqual((200, USER), (answer.status, json.loads(answer.body)["user"]))

    def test_forms_that_are_none(self):
        self.guard("wwwform", KEYS)
        client = self.server.http()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(415, client.get("/auth", {"Content-Type": "text/plain"}, "POST", b"username=alice").status)
        self.assertEqual(400, client.get("/auth", kind, "POST", b"username=%zz").status)
        self.assertEqual(411, self.server.http().get("/auth", kind, "POST").status)
        self.assertEqual(413, self.server.http().get("/auth", kind, "POST", b"a=" + b"x" * 9000).status)
        self.assertEqual(405, self.status("/auth", method="PUT", body=b""))
        self.assertEqual(303, client.get("/auth", kind, "POST", form(username=USER, password=PASSWORD)).status)

    def test_pages_of_other_sites(self):
        self.guard("wwwform", KEYS)
        foreign = {"Origin": "https://evil.example"}
        self.assertEqual(403, self.post("/auth", {"username": USER, "password": PASSWORD}, foreign).status)
        session = self.sign_in()
        self.assertEqual(403, self.status("/auth/signout", {**session, **foreign}, method="POST", body=b""))
        self.assertEqual(200, self.status("/", session))
        # Where the browser keeps the cookie back, the answer must not take it away either.
        for method, target in (("POST", "/auth/signout"), ("DELETE", "/auth")):
            refused = self.get(target, foreign, method=method, body=b"")
            self.assertEqual((403, []), (refused.status, refused.all("Set-Cookie")), method)
        own = {"Origin": f"http://localhost:{self.server.port}"}
        self.assertEqual(204, self.status("/auth/signout", {**session, **own}, method="POST", body=b""))

    def test_other_sites_do_not_use_passwords_that_browsers_know(self):
        for kind, credentials in (("Basic", lambda: basic()),
                                  ("Digest", lambda: digest(self.get().get("WWW-Authenticate"), "/hi", 1, method="POST"))):
            self.guard(kind, section='skeleton = { path = "/hi"; };')
            for origin, status in (("https://evil.example", 403), ("null", 403), (f"http://localhost:{self.server.port}", 200)):
                answer = self.get("/hi", {**credentials(), "Origin": origin}, method="POST", body=b"x")
                self.assertEqual(status, answer.status, (kind, origin))

    def test_curl_keeps_and_loses_the_cookie(self):
        self.guard("wwwform", KEYS)
        jar = self.path("jar")
        done = self.curl("-L", "-c", jar, "-d", f"username={USER}&password={PASSWORD}&redirect_uri=/", self.url("/auth"))
        self.assertEqual((200, b"front\n"), done)
        self.assertEqual((200, b"front\n"), self.curl("-b", jar, self.url()))
        self.assertEqual(204, self.curl("-b", jar, "-c", jar, "-X", "POST", self.url("/auth/signout"))[0])
        self.assertEqual(401, self.curl("-b", jar, self.url())[0])

    def test_throttled(self):
        self.guard("wwwform", KEYS + "failures = 3;")
        for _ in range(3):
            self.assertEqual(303, self.post("/auth", {"username": USER, "password": "x"}).status)

        def long():
            with self.server.http() as client:
                wait = self.post("/auth", {"username": USER, "password": "x"}, client=client).get("Retry-After")
            return wait and int(wait) > 3
        wait_for("a wait that is not over before the next request", long, 20)
        answer = self.post("/auth", {"username": USER, "password": PASSWORD})
        self.assertEqual(429, answer.status)
        self.assertGreaterEqual(int(answer.get("Retry-After")), 1)
        self.assertEqual([], answer.all("Set-Cookie"))


    def test_a_second_factor(self):
        secret = "0123456789abcdef0123456789abcdef"
        self.guard("wwwform", KEYS + f'secret = "{secret}"; options = "totp"; failures = 1000;', workers="2")
        key = hmac.new(secret.encode(), (USER + secret).encode(), hashlib.sha256).digest()

        def code():  # RFC 6238
            digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
            at = digest[-1] & 15
            return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"

        def status(client, **fields):
            return self.post("/auth", {"username": USER, "password": PASSWORD, **fields},
                             {"Accept": "application/json"}, client).status
        first, second = self.one_in_each()
        self.assertEqual([401, 401, 401], [status(first), status(first, otp="000000"), status(first, otp="x")])
        self.assertEqual(401, status(first, otp=code(), password="wrong"))
        good = code()
        self.assertEqual(200, status(first, otp=good))
        # It is used up, in all workers.
        self.assertEqual([401, 401], [status(client, otp=good) for client in (second, first)])
        # Without a code a password alone opens nothing.
        self.assertEqual(401, self.status("/", basic()))


class Tokens(GateCase):
    def test_for_programs(self):
        self.guard("Bearer", 'options = "token";')
        self.assertEqual((401, 'Bearer realm="house"'), (lambda a: (a.status, a.get("WWW-Authenticate")))(self.get()))
        self.assertEqual(401, self.status("/", basic()))
        self.assertEqual(401, self.status("/auth/token"))
        answer = self.get("/auth/token", basic())
        self.assertEqual((200, "no-store"), (answer.status, answer.get("Cache-Control")))
        token = json.loads(answer.body)
        self.assertEqual(("Bearer", 1800), (token["token_type"], token["expires_in"]))
        bearer = {"Authorization": "Bearer " + token["access_token"]}
        self.assertEqual(b"front\n", self.get("/", bearer).body)
        # It gives no further one: a session ends.
        self.assertEqual(401, self.status("/auth/token", bearer))
        self.assertEqual(200, self.post("/auth/token", {"user": USER, "password": PASSWORD}).status)
        self.assertEqual(204, self.status("/auth/signout", bearer, method="POST", body=b""))
        self.assertEqual(401, self.status("/", bearer))

    def test_sign_outs_are_known_to_all_workers_and_over_reloads(self):
        self.guard("wwwform", KEYS, workers="2")
        session, other = self.sign_in(), self.sign_in()
        first, second = self.one_in_each()
        self.assertEqual([200, 200], [client.get("/", session).status for client in (first, second)])
        self.assertEqual(204, first.get("/auth/signout", session, "POST", b"").status)
        self.assertEqual([401, 401], [client.get("/", session).status for client in (first, second)])
        self.assertEqual([200, 200], [client.get("/", other).status for client in (first, second)])
        before = set(self.server.workers())
        self.server.process.send_signal(1)
        wait_for("the reload", lambda: "reloaded, listening" in self.server.log(), 30)
        wait_for("new workers", lambda: not before & set(self.server.workers()), 30)
        self.assertEqual((401, 200), (self.status("/", session), self.status("/", other)))

    def test_who_is_in_may_sign_in_again(self):
        # The form waits until the store has told whether the session is still good.
        self.guard("wwwform", KEYS, workers="2")
        for client in self.one_in_each():
            answer = self.post("/auth", {"username": USER, "password": PASSWORD}, self.sign_in(), client)
            self.assertEqual(303, answer.status, answer)

    def test_a_new_password_ends_sessions(self):
        self.guard("wwwform", KEYS)
        session = self.sign_in()
        self.assertEqual(200, self.status("/", session))
        self.passwd(f"{USER}:another:users")
        wait_for("the session's end", lambda: self.status("/", session) == 401)

    def test_a_secret_outlives_restarts(self):
        for keys, survives in ((f'secret_file = "{self.path("secret")}";', True), ("", False)):
            self.guard("wwwform", KEYS + keys)
            session = self.sign_in()
            self.assertIsNone(self.finish(self.server))
            self.guard("wwwform", KEYS + keys)
            self.assertEqual(200 if survives else 401, self.status("/", session))
        self.assertEqual(0o600, os.stat(self.path("secret")).st_mode & 0o777)

    def test_what_is_good_once_does_not_outlive_a_restart(self):
        # Nobody would know any more that it was used.
        keys = f'{KEYS} secret_file = "{self.path("secret")}";'
        self.guard("wwwform", keys)
        ticket = {"Sec-WebSocket-Protocol": f"ticket.{self.ticket(self.sign_in())}"}
        self.echo()
        self.server.websocket("/echo", headers=ticket).echo("once")
        self.assertIsNone(self.finish(self.server))
        self.guard("wwwform", keys)
        client = self.server.websocket()
        client.start("/echo", ticket)
        self.assertEqual(401, client.response().status)
        self.guard("Digest", keys)
        credentials = digest(self.get().get("WWW-Authenticate"), "/", 1)
        self.assertEqual(200, self.status("/", credentials))
        self.assertIsNone(self.finish(self.server))
        self.guard("Digest", keys)
        self.assertEqual(401, self.status("/", credentials))

    @deadline(60)
    def test_guessed_codes_are_counted_though_the_password_is_right(self):
        # By the user, too: guesses come from many addresses.
        self.guard("wwwform", KEYS + 'options = "totp"; failures = 3;', workers="2",
                   section='proxies = "127.0.0.1"; forwarded = "x-forwarded-for";')
        clients = [self.server.http() for _ in range(12)]
        began = time.monotonic()
        for number, client in enumerate(clients):
            client.request("POST", "/auth", [("Content-Type", "application/x-www-form-urlencoded"),
                                             ("Accept", "application/json"), ("X-Forwarded-For", f"192.0.2.{number}")],
                           form(username=USER, password=PASSWORD, otp=f"{number:06}"))
        statuses = [client.response("POST").status for client in clients]
        # One more each time that the wait has passed, which doubles from a second on.
        passed = int(math.log2(1 + time.monotonic() - began))
        self.assertIn((statuses.count(401), statuses.count(429)), [(6 + more, 6 - more) for more in range(passed + 1)])


class Websockets(GateCase):
    def open(self, headers=(), target="/echo", **how):
        return self.server.websocket(target, headers=headers, **how)

    def refused(self, headers=(), target="/echo"):
        client = self.server.websocket()
        client.start(target, headers)
        return client.response().status

    def test_each_way_in(self):
        self.guard("wwwform", KEYS)
        self.echo()
        session = self.sign_in()
        self.assertEqual(401, self.refused())
        self.open(session).echo("by cookie")
        self.open(basic()).echo("by password")
        token = session["Cookie"].partition("=")[2]
        self.open({"Authorization": f"Bearer {token}"}).echo("by token")
        client = self.open({"Sec-WebSocket-Protocol": f"chat, token.{token}"})
        self.assertEqual("chat", client.answer.get("Sec-WebSocket-Protocol"))
        client = self.open({"Sec-WebSocket-Protocol": f"ticket.{self.ticket(session)}"})
        self.assertIsNone(client.answer.get("Sec-WebSocket-Protocol"))
        client.echo("by ticket")
        self.assertNotIn(token, self.server.log())
        # A page of another site, with the visitor's cookie.
        self.assertEqual(403, self.refused({**session, "Origin": "https://evil.example"}))

    def test_a_foreign_client(self):
        self.guard("wwwform", KEYS, store=f'file = "{self.passwd(f"{USER}:{PASSWORD}", "bob:plain")}";')
        self.echo()
        session = self.sign_in()

        async def talk(where, **how):
            async with websockets.connect(where, open_timeout=20, **how) as client:
                await client.send("hello")
                return await client.recv(), client.subprotocol
        place = f"127.0.0.1:{self.server.port}/echo"
        self.assertEqual(("hello", None), asyncio.run(talk(f"ws://bob:plain@{place}")))
        ticket = self.ticket(session)
        self.assertEqual(("hello", "v1"), asyncio.run(talk(f"ws://{place}", subprotocols=["v1", f"ticket.{ticket}"])))
        with self.assertRaises(websockets.exceptions.InvalidStatusCode) as failed:
            asyncio.run(talk(f"ws://{place}", subprotocols=["v1", f"ticket.{ticket}"]))
        self.assertEqual(401, failed.exception.status_code)

    def test_a_ticket_is_good_once_in_all_workers(self):
        self.guard("wwwform", KEYS, workers="2")
        self.echo()
        session = self.sign_in()
        for turn in range(2):
            clients = self.one_in_each()
            ticket = {"Sec-WebSocket-Protocol": f"ticket.{self.ticket(session)}"}
            clients[turn].open("/echo", ticket).echo("once")
            clients[1 - turn].start("/echo", ticket)
            self.assertEqual(401, clients[1 - turn].response().status)
        # Nor is it a session's token, or the reverse.
        ticket = self.ticket(session)
        self.assertEqual(401, self.status("/", {"Authorization": f"Bearer {ticket}"}))
        self.assertEqual(401, self.status("/", {"Cookie": f"X-Auth-Token={ticket}"}))
        token = session["Cookie"].partition("=")[2]
        self.assertEqual(401, self.refused({"Sec-WebSocket-Protocol": f"ticket.{token}"}))
        self.assertNotIn(ticket, self.server.log())

    def test_each_of_several_gates_has_its_own(self):
        self.guard(store=f'file = "{self.passwd()}";', section="")
        self.assertIsNone(self.finish(self.server))
        users = f'file = "{self.passwd()}"; options = "token";'
        self.echo()
        self.server = self.gateway("", f'auth = ({{ type = "Bearer"; realm = "programs"; {users} auth_ep = "/programs"; }}, '
                                       f'{{ type = "wwwform"; realm = "people"; {users} {KEYS} }});')
        ticket = {"Sec-WebSocket-Protocol": f"v1, ticket.{self.ticket(self.sign_in())}"}
        client = self.open(ticket)
        self.assertEqual("v1", client.answer.get("Sec-WebSocket-Protocol"))
        client.echo("by the second's ticket")
        self.assertEqual(401, self.refused(ticket))
        for token_ep in ("/programs/token", "/auth/token"):
            token = json.loads(self.get(token_ep, basic()).body)["access_token"]
            client = self.open({"Sec-WebSocket-Protocol": f"token.{token}, v1"})
            self.assertEqual("v1", client.answer.get("Sec-WebSocket-Protocol"))
            client.echo("by a token")
        self.assertNotIn("a ticket that is not good", self.server.log())

    def test_what_the_system_server_is_told(self):
        self.guard("wwwform", KEYS)
        server = self.link_server()
        session = self.sign_in()
        ticket = self.ticket(session)
        for headers, scheme in ((session, "Cookie"), (basic(), "Basic"),
                                ({"Sec-WebSocket-Protocol": f"v1, ticket.{ticket}"}, "Ticket")):
            client = self.server.websocket()
            link = None if scheme == "Cookie" else self.link
            self.link, opened = server.admit(client, link, headers=headers)
            told = opened.json
            self.assertEqual((USER, "users", "al", scheme), tuple(told[key] for key in ("user", "group", "home", "auth")))
            self.assertEqual(["v1"] if scheme == "Ticket" else [], told["protocols"])
            self.assertNotIn(ticket, json.dumps(told))

    def test_a_name_in_the_subprotocol_is_behind_the_gate_too(self):
        # The path is open, but it names nobody: the subprotocol does.
        self.guard("wwwform", KEYS)
        self.echo()
        self.assertEqual(401, self.refused({"Sec-WebSocket-Protocol": "echo"}, "/open/x"))
        self.open({**self.sign_in(), "Sec-WebSocket-Protocol": "echo"}, "/open/x").echo("in")

    def test_what_is_open_for_files_opens_no_server(self):
        # A server takes any path behind its own name, so each of these ends as an open file would.
        users = f'file = "{self.passwd()}"; {KEYS}'
        self.echo()
        for unprotect in (".css", "*.css", ".css$,^/*.js", "^/*.css"):
            self.server = self.gateway("", f'auth = {{ type = "wwwform"; unprotect = "{unprotect}"; {users} }};')
            client = self.server.websocket()
            client.start("/echo/x.css")
            refused = client.response()
            self.assertEqual((401, True), (refused.status, bool(refused.get("WWW-Authenticate"))), unprotect)
            self.open(self.sign_in(), "/echo/x.css").echo("in")
            self.assertIsNone(self.finish(self.server))
        self.server = self.gateway("", f'auth = {{ type = "wwwform"; unprotect = "^/echo/for-all"; {users} }};')
        self.open(target="/echo/for-all/x.css").echo("in")
        self.assertEqual(401, self.refused(target="/echo/else"))

    @deadline(90)
    def test_the_end_of_a_session_closes_them_in_all_workers(self):
        self.guard("wwwform", KEYS, workers="2")
        self.echo()
        self.echo(name="bytes", stream=True)
        session, other = self.sign_in(), self.sign_in()
        # In each worker, over a link and over a stream; one by a ticket.
        ending = [client.open(name, session) for name in ("/echo", "/bytes") for client in self.one_in_each()]
        ending.append(self.open({"Sec-WebSocket-Protocol": f"ticket.{self.ticket(session)}"}))
        staying = [client.open("/echo", other) for client in self.one_in_each()] + [self.open(basic())]
        for client in ending + staying:
            client.echo("here")
        self.assertEqual(204, self.status("/auth/signout", session, method="POST", body=b""))
        for client in ending:
            frame = client.read_frame()
            self.assertEqual((CLOSE, 1008), (frame.opcode, frame.code))
        for client in staying:
            client.echo("still here")

    @deadline(90)
    def test_direct_clients_end_with_it_too(self):
        self.guard("wwwform", KEYS, websocket='options = "direct";')
        self.echo()
        session = self.sign_in()
        ending, staying = self.open(session), self.open(self.sign_in())
        ending.echo("here")
        self.assertEqual(204, self.status("/auth/signout", session, method="POST", body=b""))
        frame = ending.read_frame()
        self.assertEqual((CLOSE, 1008), (frame.opcode, frame.code))
        staying.echo("still here")

    @deadline(90)
    def test_another_group_closes_them(self):
        """Behind the gateway the group of the handshake counts."""
        self.guard("wwwform", KEYS)
        self.echo()
        by_session, by_password = self.open(self.sign_in()), self.open(basic())
        self.assertTrue(self.passwd(f"{USER}:{PASSWORD}:others:al"))
        for client in (by_session, by_password):
            frame = client.read_frame()
            self.assertEqual((CLOSE, 1008), (frame.opcode, frame.code))
        self.open(basic()).echo("in again")

    @deadline(90)
    def test_a_new_password_closes_them(self):
        self.guard("wwwform", KEYS)
        self.echo()
        by_session, by_password = self.open(self.sign_in()), self.open(basic())
        other = self.passwd(f"{USER}:another:users:al")
        self.assertTrue(other)
        for client in (by_session, by_password):
            frame = client.read_frame()
            self.assertEqual((CLOSE, 1008), (frame.opcode, frame.code))


class DirectMode(GateCase, DirectCase):
    """STREAM servers that have the clients' own connections: of a session's end they are told by the end of theirs to the
    gateway."""

    keys = None

    def setUp(self):
        super().setUp()
        self.guard("wwwform", KEYS, websocket='options = "direct";')

    def test_a_server_is_asked_to_end_it(self):
        app = self.stream_server()
        session, other = self.sign_in(), self.sign_in()
        handed = []
        for headers in (session, other):
            client = self.server.websocket()
            client.start("/app", headers)
            handed.append(app.handed())
            client.finish_handshake()
        ending, staying = handed
        self.assertEqual(204, self.status("/auth/signout", session, method="POST", body=b""))
        self.assertEqual(b"", ending.connection.recv(1))
        staying.connection.setblocking(False)
        with self.assertRaises(BlockingIOError):
            staying.connection.recv(1)
        for one in handed:
            one.close()

    @deadline(60)
    def test_the_library_ends_it(self):
        self.plain("serve=thread")
        session, other = self.sign_in(), self.sign_in()
        client = self.server.websocket("/plain", headers=session)
        client.echo("here")
        self.assertEqual(204, self.status("/auth/signout", other, method="POST", body=b""))
        client.echo("still here")
        self.assertEqual(204, self.status("/auth/signout", session, method="POST", body=b""))
        frame = client.read_frame()
        self.assertEqual((CLOSE, 1001), (frame.opcode, frame.code))
