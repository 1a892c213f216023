"""The gate behind TLS: the session's cookie stays on https, a ticket opens wss, other pages are judged by the https origin."""

import json

from harness import WebSocket, wait_for
from sign_in import PASSWORD, USER, basic, cookies, form
from tls_servers import for_each_library


@for_each_library
class Sessions:
    def test_the_way_of_a_browser(self):
        self.document("index.html", "front\n")
        passwd = self.path("passwd", f"{USER}:{PASSWORD}:users\n")
        self.echo()
        server = self.secure(section=f'auth = {{ type = "wwwform"; file = "{passwd}"; signin = "/signin.html"; }};')
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        body = form(username=USER, password=PASSWORD)
        client = self.connect(server)
        own = {**kind, "Origin": f"https://{client.host}"}
        self.assertEqual(403, self.connect(server).get("/auth", {**kind, "Origin": f"http://{client.host}"}, "POST", body).status)
        answer = client.get("/auth", own, "POST", body)
        self.assertEqual(303, answer.status, answer)
        self.assertTrue(all("; Secure; SameSite=Lax" in line for line in answer.all("Set-Cookie")), answer)
        session = {"Cookie": "X-Auth-Token=" + cookies(answer)["X-Auth-Token"]}
        self.assertEqual([b"front\n", 401], [client.get("/", session).body, client.get("/").status])
        ticket = json.loads(client.get("/auth/ticket", session, "POST", b"").body)["protocol"]
        websocket = self.connect(server, WebSocket).open("/echo", {"Sec-WebSocket-Protocol": ticket})
        websocket.echo("over TLS")
        self.assertEqual(204, client.get("/auth/signout", session, "POST", b"").status)
        self.assertEqual(1008, websocket.read_frame().code)

    def test_the_access_log_tells_who_and_how(self):
        log = self.path("access.log")
        passwd = self.path("passwd", f"{USER}:{PASSWORD}:users\n")
        self.echo()
        server = self.secure(section=f'auth = {{ type = "Basic"; file = "{passwd}"; }};',
                             top=f'access-log = "{log}"; access-log-format = "json";')
        client = self.connect(server)
        self.assertEqual(200, client.get("/", basic()).status)
        self.connect(server, WebSocket).open("/echo", basic()).close()

        def lines():
            with open(log, encoding="utf-8") as file:
                found = [json.loads(line) for line in file.read().splitlines()]
            return found if len(found) == 2 else None
        for line in wait_for("both lines", lines):
            self.assertEqual((USER, client.sock.version(), client.sock.cipher()[0]), (line["user"], line["tls"], line["cipher"]))
