"""Sign-in at an OpenID or OAuth 2.0 provider: the way there and back, what of its answers is believed, what becomes of faults."""

import os
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request

from certificates import Authority
from harness import CLOSE, MODULES, deadline, wait_for
from openid_provider import CLIENT, SECRET, OpenIdProvider
from sign_in import PASSWORD, USER, GateCase, basic, cookies

PAGES = {"Accept": "text/html"}


class Straight(urllib.request.HTTPRedirectHandler):
    """Redirects are what these tests look at."""

    def redirect_request(self, *_):
        return None


def visit(url, context=None):
    """Where the provider sends a browser that comes with `url`."""
    opener = urllib.request.build_opener(Straight, urllib.request.HTTPSHandler(context=context))
    try:
        opener.open(url, timeout=20)
    except urllib.error.HTTPError as answer:
        if answer.code == 302:
            return answer.headers["Location"]
    raise AssertionError(f"not sent back from {url}")


class ProviderCase(GateCase):
    def provide(self, **how):
        self.provider = OpenIdProvider(self.folder, **how)
        self.addCleanup(self.provider.close)
        return self.provider

    def trust(self, keys="", store="", where=None, client=f'client_id = "{CLIENT}"; client_passwd = "{SECRET}";', **defaults):
        """A server that has its users sign in at the provider."""
        where = f'issuer = "{self.provider.issuer}";' if where is None else where
        return self.guard("oAuth2", f"{where} {client} {keys}", store=store, **defaults)

    def begin(self, target="/index.html", client=None, http=None):
        """Goes to the provider and comes back with what the browser brings: the target of the callback, its cookie."""
        http = http or self.server.http()
        there = http.get(f"/auth/begin?redirect_uri={urllib.parse.quote(target, safe='')}", PAGES)
        self.assertEqual(302, there.status, there)
        (name, value), = cookies(there).items()
        back = visit(there.get("Location"), client)
        self.assertTrue(back.startswith(f"http://{http.host}/auth/callback?"), back)
        return back.partition(http.host)[2], {"Cookie": f"{name}={value}"}

    def finish_at(self, back, cookie, http=None):
        return (http or self.server.http()).get(back, {**PAGES, **cookie})

    def sign_in_there(self, **how):
        """The header that carries the session."""
        answer = self.finish_at(*self.begin(**how))
        self.assertEqual(303, answer.status, answer)
        return {"Cookie": "X-Auth-Token=" + cookies(answer)["X-Auth-Token"]}

    def refused(self, status, log=None, back=None):
        answer = self.finish_at(*(back or self.begin()))
        self.assertEqual(status, answer.status, answer)
        self.assertNotIn("X-Auth-Token", cookies(answer))
        self.assertNotIn(SECRET, str(answer.body))
        if log:
            self.server.wait_log(log)
        return answer


class SignIn(ProviderCase):
    def test_the_way_of_a_browser(self):
        provider = self.provide()
        log = self.path("access.log")
        self.trust(top=f'access-log = "{log}";')
        asked = self.get("/index.html?a=b", PAGES)
        self.assertEqual((302, "/auth/begin?redirect_uri=/index.html%3Fa%3Db"), (asked.status, asked.get("Location")))
        self.assertEqual(401, self.status("/"))
        http = self.server.http()
        there = http.get(asked.get("Location"), PAGES)
        self.assertEqual((302, "no-store"), (there.status, there.get("Cache-Control")))
        cookie, = there.all("Set-Cookie")
        self.assertRegex(cookie, r"^X-Auth-Attempt-\d=[\w.-]+; Path=/auth/callback; Max-Age=600; HttpOnly; SameSite=Lax$")
        url, _, query = there.get("Location").partition("?")
        query = dict(urllib.parse.parse_qsl(query))
        self.assertEqual((provider.issuer + "/authorize", f"http://{http.host}/auth/callback", "openid profile", CLIENT, "code"),
                         (url, *(query[name] for name in ("redirect_uri", "scope", "client_id", "response_type"))))
        back = visit(there.get("Location")).partition(http.host)[2]
        answer = self.finish_at(back, {"Cookie": cookie.partition(";")[0]})
        self.assertEqual((303, "/index.html?a=b"), (answer.status, answer.get("Location")))
        given = cookies(answer)
        self.assertEqual((USER, ""), (given["X-Remote-User"], given[cookie.partition("=")[0]]))
        session = {"Cookie": "X-Auth-Token=" + given["X-Auth-Token"]}
        self.assertEqual((200, b"front\n"), (self.status("/", session), self.get("/", session).body))
        self.assertEqual(204, self.status("/auth/signout", session, method="POST", body=b""))
        self.assertEqual(401, self.status("/", session))
        self.assertEqual(["/.well-known/openid-configuration", "/authorize", "/token", "/keys"], provider.asked)
        # Nothing that opens anything stands in a log.
        with open(log, encoding="utf-8") as file:
            text = file.read() + self.server.log()
        for secret in (query["state"], query["code_challenge"], SECRET, given["X-Auth-Token"],
                       dict(urllib.parse.parse_qsl(back.partition("?")[2]))["code"]):
            self.assertNotIn(secret, text.replace(f"state={query['state']}", ""))

    def test_elliptic_curves(self):
        self.provide(algorithm="ES256")
        self.trust()
        self.assertEqual(200, self.status("/", self.sign_in_there()))

    @deadline(60)
    def test_an_attempt_goes_on_in_any_worker(self):
        self.provide()
        self.trust(workers="2")
        one, other = self.one_in_each()
        for first, second in ((one, other), (other, one)):
            back, cookie = self.begin(http=first)
            answer = self.finish_at(back, cookie, second)
            self.assertEqual(303, answer.status, answer)
            # And is over in all of them.
            self.assertEqual(400, self.finish_at(back, cookie, first).status)
            session = {"Cookie": "X-Auth-Token=" + cookies(answer)["X-Auth-Token"]}
            self.assertEqual([200, 200], [client.get("/", session).status for client in (one, other)])

    def test_where_it_may_lead(self):
        self.provide()
        self.trust()
        for target, wanted in (("/index.html?x=y", "/index.html?x=y"), ("//evil.example/", "/"), ("http://evil.example/", "/"),
                               ("/\\evil.example", "/"), ("/auth/begin", "/"), ("/x\r\nSet-Cookie: a=b", "/"),
                               ("/" + "x" * 2000, "/")):
            answer = self.finish_at(*self.begin(target))
            self.assertEqual((303, wanted), (answer.status, answer.get("Location")), target)

    def test_an_attempt_that_somebody_else_began(self):
        provider = self.provide()
        self.trust()
        back, cookie = self.begin()
        other_back, other_cookie = self.begin()
        refused = self.refused(400, "no question of ours", (back, {}))
        self.assertIn(b"begin again", refused.body)
        name = cookie["Cookie"].partition("=")[0]
        self.refused(400, back=(back, {"Cookie": f"{name}={other_cookie['Cookie'].partition('=')[2]}"}))
        self.refused(400, back=(back, {"Cookie": cookie["Cookie"][:-4] + "AAAA"}))
        self.refused(400, back=(re.sub(r"state=[^&]*", "state=x", back), cookie))
        self.refused(400, back=("/auth/callback", cookie))
        self.assertNotIn("/token", provider.asked)
        self.assertEqual(303, self.finish_at(back, cookie).status)
        self.refused(400, back=(back, cookie))  # once
        self.assertEqual(303, self.finish_at(other_back, other_cookie).status)

    def test_other_methods(self):
        self.provide()
        self.trust()
        for path in ("/auth/begin", "/auth/callback"):
            answer = self.get(path, method="POST", body=b"")
            self.assertEqual((405, "GET, HEAD"), (answer.status, answer.get("Allow")))

    def test_the_form_of_another_group_beside_it(self):
        self.provide()
        passwd = self.passwd("bob:plain:users")
        text = (f'auth = ({{ type = "oAuth2"; issuer = "{self.provider.issuer}"; client_id = "{CLIENT}"; '
                f'client_passwd = "{SECRET}"; }}, {{ type = "wwwform"; file = "{passwd}"; signin = "/signin.html"; '
                'options = "cookie"; });')
        self.server = self.gateway("", text)
        self.assertEqual("/signin.html?redirect_uri=/", self.get("/", PAGES).get("Location"))
        self.assertEqual(200, self.status("/", self.sign_in("bob", "plain")))
        self.assertEqual(200, self.status("/", self.sign_in_there()))


class Faults(ProviderCase):
    @deadline(120)
    def test_answers_that_are_not_to_be_believed(self):
        provider = self.provide()
        self.trust("failures = 1000;")
        self.sign_in_there()  # the documents are known
        for fault, status, log in (
                ("wrong nonce", 502, "the ID token: nonce"), ("no nonce", 502, "the ID token: nonce"),
                ("wrong audience", 502, "the ID token: audience"), ("several audiences", 502, "the ID token: audience"),
                ("expired", 502, "the ID token: expired"), ("from the future", 502, "the ID token: not yet valid"),
                ("wrong issuer", 502, "the ID token: issuer"), ("bad signature", 502, "the ID token: signature"),
                ("no algorithm", 502, "the ID token: algorithm"), ("shared secret", 502, "the ID token: algorithm"),
                ("unknown key", 502, "the ID token: unknown key"), ("no ID token", 502, "has no id_token"),
                ("another type of token", 502, "not of type Bearer"), ("refuses the code", 403, "refuses: invalid_grant"),
                ("access denied", 403, "refuses: access_denied"), ("token is huge", 502, "the answer is too large"),
                ("token is no JSON", 502, "auth: "), ("token fails", 502, "auth: "), ("token redirects", 502, "auth: ")):
            with self.subTest(fault=fault):
                provider.fault = fault
                self.refused(status, log)
        self.assertNotIn("/elsewhere", provider.asked)
        provider.fault = None
        self.assertEqual(200, self.status("/", self.sign_in_there()))

    @deadline(120)
    def test_documents_that_are_of_no_use(self):
        for fault, log in (("another issuer", "another issuer's"), ("discovery is huge", "too large"),
                           ("discovery is no JSON", "discovery document: "), ("discovery fails", "status is 500"),
                           ("discovery redirects", "status is 302")):
            with self.subTest(fault=fault):
                provider = self.provide()
                provider.fault = fault
                self.trust()
                for _ in range(3):
                    answer = self.get("/auth/begin", PAGES)
                    self.assertEqual((502, []), (answer.status, answer.all("Set-Cookie")), answer)
                self.server.wait_log(log)
                # It is not asked again and again.
                self.assertEqual(["/.well-known/openid-configuration"], provider.asked)
                self.assertEqual(200, self.status("/open/"))

    def test_keys_that_are_of_no_use(self):
        provider = self.provide()
        provider.fault = "keys is no JSON"
        self.trust()
        self.refused(502, "keys can't be had")

    def test_a_failure_leads_to_the_page_that_is_configured(self):
        provider = self.provide()
        self.trust('signin = "/signin.html";')
        self.assertEqual("/signin.html?redirect_uri=/", self.get("/", PAGES).get("Location"))
        provider.fault = "access denied"
        answer = self.refused(303)
        self.assertEqual("/signin.html?failed=1&redirect_uri=/index.html#failed", answer.get("Location"))

    @deadline(90)
    def test_a_provider_that_hangs_holds_nobody_else_up(self):
        provider = self.provide()
        self.trust('provider_timeout = 60; failures = 1000;')
        self.sign_in_there()
        provider.fault = "token hangs"
        hanging = []
        for _ in range(8):
            (back, cookie), client = self.begin(), self.server.http()
            client.request("GET", back, {**PAGES, **cookie})
            hanging.append(client)
            self.assertTrue(provider.hanging.acquire(timeout=20))
        # One more is not asked; what has nothing to do with the provider goes on.
        self.assertEqual("1", self.refused(503).get("Retry-After"))
        self.assertEqual(200, self.status("/open/"))
        provider.fault = None
        provider.released.set()
        for client in hanging:
            self.assertEqual(502, client.response().status)
        self.assertEqual(200, self.status("/", self.sign_in_there()))

    def test_its_time_has_an_end(self):
        provider = self.provide()
        self.trust("provider_timeout = 3;")
        # Nothing is signed before: a program starts for that.
        provider.fault = "token hangs"
        self.refused(502, "timed out")

    def test_a_provider_that_is_not_there(self):
        provider = self.provide()
        provider.close()
        self.trust()
        self.assertEqual(502, self.status("/auth/begin"))
        self.server.wait_log("Connection refused")

    def test_a_server_that_stops_waits_for_no_provider(self):
        provider = self.provide()
        self.trust("provider_timeout = 120;", drain_timeout="1")
        self.sign_in_there()
        provider.fault = "token hangs"
        (back, cookie), client = self.begin(), self.server.http()
        client.request("GET", back, {**PAGES, **cookie})
        self.assertTrue(provider.hanging.acquire(timeout=20))
        self.assertIsNone(self.finish(self.server))

    def test_new_keys_are_looked_for_but_not_without_end(self):
        provider = self.provide()
        self.trust("failures = 1000;")
        self.sign_in_there()
        provider.rotate()
        self.assertEqual(200, self.status("/", self.sign_in_there()))
        self.assertEqual(2, provider.asked.count("/keys"))
        provider.fault = "unknown key"
        for _ in range(3):
            self.refused(502, "unknown key")
        self.assertEqual(2, provider.asked.count("/keys"))

    def test_guessing_codes_is_slowed_down(self):
        provider = self.provide()
        self.trust("failures = 3;")
        provider.fault = "refuses the code"
        attempts = [self.begin() for _ in range(8)]
        statuses = [self.finish_at(*attempts.pop()).status for _ in range(3)]
        # The first wait is one second. A machine that stands still for so long has one more refused, and the next wait doubled.
        while attempts and 429 not in statuses:
            statuses.append(self.finish_at(*attempts.pop()).status)
        refused = len(statuses) - 1
        self.assertGreaterEqual(refused, 3)
        self.assertEqual([403] * refused + [429], statuses)
        self.assertEqual(refused, provider.asked.count("/token"))


class Users(ProviderCase):
    def who(self, session):
        return self.get("/auth", session).body.decode()

    def test_claims_and_groups(self):
        provider = self.provide()
        provider.user.update(realm_access={"roles": ["offline", "staff", "admins"]}, email="alice@example.org")
        self.trust('group = "guests"; group_claim = "realm_access.roles"; groups = [ "admins=root", "staff=users" ];')
        self.assertIn(f'"user":"{USER}","group":"root"', self.who(self.sign_in_there()))
        provider.user["realm_access"] = {"roles": ["staff"]}
        self.assertIn('"group":"users"', self.who(self.sign_in_there()))
        provider.user["realm_access"] = {"roles": ["root"]}  # its root is not ours
        self.assertIn('"group":"guests"', self.who(self.sign_in_there()))

    def test_names(self):
        provider = self.provide()
        del provider.user["preferred_username"]
        self.trust()
        self.refused(403, "tells no preferred_username")
        provider.user["preferred_username"] = "a:b"
        self.refused(403, "can't be a user's name")
        self.trust('name_claim = "email"; scope = "openid email";')
        provider.user.update(email="alice@example.org", email_verified=False)
        self.refused(403, "not verified the email")
        provider.user["email_verified"] = True
        self.assertIn('"user":"alice@example.org"', self.who(self.sign_in_there()))
        self.trust('name_claim = "sub";')
        self.assertIn('"user":"248289761001"', self.who(self.sign_in_there()))

    def test_what_only_userinfo_tells(self):
        provider = self.provide()
        provider.userinfo = {"nickname": "al", "sub": provider.user["sub"], "preferred_username": "mallory"}
        self.trust('name_claim = "nickname";')
        self.assertIn('"user":"al"', self.who(self.sign_in_there()))
        self.assertEqual("/userinfo", provider.asked[-1])
        for fault, log in (("userinfo of another", "another user's"), ("userinfo fails", "status is 500"),
                           ("userinfo is huge", "too large")):
            provider.fault = fault
            self.refused(502, log)

    def test_a_provider_of_oauth2_alone(self):
        provider = self.provide(openid=False)
        provider.user = {"login": USER, "id": 42}
        places = (f'auth_ep = "{provider.issuer}/authorize"; token_ep = "{provider.issuer}/token"; '
                  f'userinfo_ep = "{provider.issuer}/userinfo"; ')
        self.trust('name_claim = "login";', where=places)
        self.assertIn(f'"user":"{USER}"', self.who(self.sign_in_there()))
        self.assertEqual(["/authorize", "/token", "/userinfo"], provider.asked)
        self.trust('name_claim = "id";', where=places)
        self.assertIn('"user":"42"', self.who(self.sign_in_there()))

    @deadline(90)
    def test_users_who_must_be_known_here(self):
        provider = self.provide()
        self.passwd(f"{USER}::users:al", "bob::users")
        self.trust(store=f'file = "{self.path("passwd")}";')
        self.echo()
        session = self.sign_in_there()
        self.assertIn(f'"user":"{USER}","group":"users","home":"al"', self.who(session))
        websocket = self.server.websocket("/echo", headers=session)
        websocket.echo("here")
        provider.user["preferred_username"] = "mallory"
        self.refused(403, "no active account")
        # Who is taken out of the store is out, with his websockets.
        self.passwd("bob::users")
        frame = websocket.read_frame()
        self.assertEqual((CLOSE, 1008), (frame.opcode, frame.code))
        self.assertEqual(401, self.status("/", session))

    def test_no_password_opens_anything(self):
        self.provide()
        self.trust(store=f'file = "{self.passwd()}";')
        self.assertEqual(401, self.status("/", basic()))
        self.assertEqual(401, self.status("/auth/token", basic()))
        self.assertEqual(401, self.post("/auth", {"username": USER, "password": PASSWORD}).status)


class Encrypted(ProviderCase):
    @deadline(120)
    def test_whose_certificate_counts(self):
        authority = Authority(self.folder)
        Authority(self.folder, "stranger")
        context = ssl.create_default_context(cafile=authority.file)
        self.provide(tls=authority.certificate("provider"))
        self.trust(f'cachain = "{authority.file}";')
        self.assertEqual(200, self.status("/", self.sign_in_there(client=context)))
        for file, log in ((self.path("stranger/stranger.pem"), "TLS: "), (authority.file, "TLS: ")):
            if file == authority.file:  # the name of another
                self.provide(tls=authority.certificate("other", names="DNS:other.example"))
            self.trust(f'cachain = "{file}";')
            self.provider.asked.clear()
            self.assertEqual(502, self.status("/auth/begin"))
            self.server.wait_log(f"discovery document: {log}")
            self.assertEqual([], self.provider.asked)


class Configuration(ProviderCase):
    def refuse(self, group, key, text):
        config = self.path("bad.conf", f'servers = ({{ port = 0; addr = "127.0.0.1";\n'
                                       f' document = {{ docroot = "{self.documents}"; }};\n auth = {{ {group} }}; }});\n'
                                       + ('user = "root";' if os.getuid() == 0 else ""))
        status, _, error = self.run_marmoset("-M", MODULES, "-f", config, "-P", "0")
        self.assertEqual(1, status, group)
        self.assertRegex(error, rf"bad\.conf:\d+: servers\[0\]\.auth(\.{key})?: .*{text}", group)

    def test_what_can_not_be_meant(self):
        oauth = 'type = "oAuth2"; client_id = "x"; '
        good = oauth + 'issuer = "http://127.0.0.1:1"; '
        for group, key, text in (
                (oauth, "discovery", "not set; expected it, or the URLs auth_ep"),
                (oauth + 'issuer = "house";', "issuer", "expected an https: URL"),
                (oauth + 'issuer = "http://id.example";', "issuer", "expected an https: URL"),
                (oauth + 'discovery = "http://127.0.0.1:1/here";', "issuer", "not set; expected"),
                (oauth + 'auth_ep = "http://127.0.0.1:1/a"; token_ep = "http://127.0.0.1:1/t";', "userinfo_ep", "expected an https: URL"),
                (oauth + 'auth_ep = "http://127.0.0.1:1/a";', "discovery", "not set"),
                (good + 'auth_ep = "http://127.0.0.1:1/a";', "auth_ep", "the discovery document tells it"),
                (good + 'userinfo_ep = "http://127.0.0.1:1/a";', "userinfo_ep", "the discovery document tells it"),
                ('type = "oAuth2"; issuer = "http://127.0.0.1:1";', "client_id", "not set; expected the name"),
                (good + 'scope = "profile";', "scope", "has no openid"),
                (good + 'group_claim = "roles";', "groups", "go together"),
                (good + 'groups = "a=b";', "group_claim", "go together"),
                (good + 'group_claim = "roles"; groups = "ab";', "groups", "expected \"the provider's group=ours\""),
                (good + 'redirect_uri = "/auth/callback";', "redirect_uri", "expected an https: URL"),
                (good + 'cachain = "/nowhere/ca.pem";', "cachain", "/nowhere/ca.pem"),
                (good + 'user = "a";', "user", "the provider knows who signs in"),
                (good + 'options = "token";', "options", "token is given for a password"),
                (good + 'options = "totp";', "options", "totp"),
                (good + 'options = "chown";', "options", "chown: ouistiti gives"),
                (good + 'provider_timeout = 0;', "provider_timeout", "expected"),
                ('type = "Basic"; user = "a"; passwd = "b"; client_id = "x";', "client_id", "goes with type = \"oAuth2\" only"),
                ('type = "Basic"; user = "a"; passwd = "b"; cachain = "x";', "cachain", "goes with type = \"oAuth2\" only"),
        ):
            with self.subTest(group=group):
                self.refuse(group, key, text)

    def test_where_the_provider_is_told(self):
        provider = self.provide()
        self.trust(where=f'discovery = "{provider.issuer}/.well-known/openid-configuration";')
        self.sign_in_there()
        self.trust(where=f'discovery = "{provider.issuer}/.well-known/openid-configuration"; issuer = "{provider.issuer}/x";')
        self.assertEqual(502, self.status("/auth/begin"))
        self.server.wait_log("another issuer's")

    def test_a_callback_of_its_own(self):
        self.provide()
        self.trust('redirect_uri = "https://front.example/auth/callback";')
        query = dict(urllib.parse.parse_qsl(self.get("/auth/begin").get("Location").partition("?")[2]))
        self.assertEqual("https://front.example/auth/callback", query["redirect_uri"])

    def test_sessions_stay_over_a_restart(self):
        self.provide()
        keys = f'secret_file = "{self.path("secret")}";'
        self.trust(keys)
        staying, ended = self.sign_in_there(), self.sign_in_there()
        self.assertEqual(204, self.status("/auth/signout", ended, method="POST", body=b""))
        self.assertIsNone(self.finish(self.server))
        self.trust(keys)
        self.assertEqual([200, 401], [self.status("/", session) for session in (staying, ended)])
        wait_for("the file of sign-outs", lambda: os.path.exists(self.path("secret.revoked")))
