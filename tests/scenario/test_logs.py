"""The access log's three forms, with the line of a websocket session; secrets masked; what the error log holds."""

import calendar
import json
import os
import re
import time

from harness import Case, wait_for

COMMON = (r'^(?P<remote>\S+) - (?P<user>\S+) \[(?P<time>\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] '
          r'"(?P<line>[^"]*)" (?P<status>\d{3}) (?P<size>\d+|-)')


class AccessLog(Case):
    def serve_logged(self, form=None, keys="", **defaults):
        self.document("index.html", "page\n")
        self.access = self.path("access.log")
        top = f'access-log = "{self.access}";'
        if form:
            top += f' access-log-format = "{form}";'
        return self.gateway(keys, top=top, **defaults)

    def lines(self, count=1):
        def enough():
            if not os.path.exists(self.access):
                return None
            with open(self.access, encoding="utf-8") as file:
                found = file.read()
            return found.splitlines() if found.count("\n") >= count else None
        found = wait_for(lambda: f"{count} lines in the access log", enough)
        self.assertEqual(count, len(found), found)
        return found

    def test_common(self):
        server = self.serve_logged("common")
        before = time.time()
        server.http().get("/index.html?x=1", {"User-Agent": "tester", "Referer": "http://there/"})
        line, = self.lines()
        after = time.time()
        match = re.match(COMMON + "$", line)
        self.assertTrue(match, line)
        self.assertEqual(("127.0.0.1", "-", "GET /index.html?x=1 HTTP/1.1", "200", "5"),
                         match.group("remote", "user", "line", "status", "size"))
        written = calendar.timegm(time.strptime(match["time"][:-6], "%d/%b/%Y:%H:%M:%S"))
        offset = int(match["time"][-5:-2]) * 3600 + int(match["time"][-5] + match["time"][-2:]) * 60
        # The line has whole seconds, of the kernel's coarse clock.
        self.assertLessEqual(int(before) - 1, written - offset)
        self.assertLessEqual(written - offset, after)

    def test_combined_is_the_default(self):
        server = self.serve_logged()
        server.http().get("/index.html", {"User-Agent": "tester/1", "Referer": "http://there/"})
        line, = self.lines()
        match = re.match(COMMON + r' "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"', line)
        self.assertTrue(match, line)
        self.assertEqual(("http://there/", "tester/1"), match.group("referer", "agent"))

    def test_json(self):
        server = self.serve_logged("json")
        server.http().get("/none", {"User-Agent": 'a"b\\c'})
        line, = self.lines()
        fields = json.loads(line)
        values = list(fields.values())
        for expected in ("127.0.0.1", 404, "GET", "/none", 'a"b\\c'):
            self.assertIn(expected, values, fields)

    def test_one_line_a_request_in_order(self):
        server = self.serve_logged("common")
        client = server.http()
        for number in range(20):
            client.get(f"/?n={number}")
        lines = self.lines(20)
        for number, line in enumerate(lines):
            self.assertIn(f'"GET /?n={number} HTTP/1.1"', line)

    def test_head_and_errors(self):
        server = self.serve_logged("common")
        client = server.http()
        client.get("/", method="HEAD")
        client.get("/none")
        client.send(b"GET / HTTP/1.1\r\nbroken\r\n\r\n")
        client.response()
        lines = self.lines(3)
        self.assertRegex(lines[0], r'"HEAD / HTTP/1.1" 200 (0|-)$')
        self.assertRegex(lines[1], r'"GET /none HTTP/1.1" 404 \d+$')
        self.assertRegex(lines[2], r'" 400 \d+$')

    def test_secrets_are_masked(self):
        for form in ("common", "combined", "json"):
            with self.subTest(form):
                server = self.serve_logged(form)
                server.http().get("/?token=SEKRET1&a=plain&password=SEKRET2&api_key=SEKRET3&PassWd=SEKRET4",
                                  {"Referer": "http://there/?ticket=SEKRET5", "Authorization": "Bearer SEKRET6",
                                   "Cookie": "session=SEKRET7"})
                line, = self.lines()
                self.assertIn("plain", line)
                self.assertNotIn("SEKRET", line)
                self.assertNotIn("SEKRET", server.log())
                server.stop()
                os.remove(self.access)

    def test_a_client_cannot_forge_lines(self):
        server = self.serve_logged("combined")
        client = server.http()
        client.get("/", {"User-Agent": 'x" 200 1\t"forged', "Referer": '"'})
        line, = self.lines()
        match = re.match(COMMON + r' "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"', line)
        self.assertTrue(match, line)
        self.assertNotIn("\t", line)

    def test_a_websocket_session_has_one_line_when_it_ends(self):
        for form in ("common", "combined", "json"):
            with self.subTest(form):
                server = self.serve_logged(form)
                self.echo(name=f"echo-{form}")
                client = server.websocket(f"/echo-{form}?token=SEKRET")
                client.echo("hello")
                client.echo("again")
                client.close(1000)
                line, = self.lines()
                self.assertIn(f"/echo-{form}", line)
                self.assertIn("101", line)
                self.assertIn("1000", line)
                self.assertNotIn("SEKRET", line)
                if form == "json":
                    values = list(json.loads(line).values())
                    self.assertGreaterEqual(values.count(2), 2, "messages in and out")
                    self.assertIn(10, values, "bytes")
                server.stop()
                os.remove(self.access)

    def test_a_lost_websocket_is_1006(self):
        server = self.serve_logged("json")
        self.echo()
        client = server.websocket("/echo")
        client.echo("hello")
        client.drop()
        line, = self.lines()
        self.assertIn(1006, json.loads(line).values())

    def test_a_refused_websocket_is_an_ordinary_line(self):
        server = self.serve_logged("common")
        client = server.websocket()
        client.start("/none")
        self.assertEqual(404, client.response().status)
        line, = self.lines()
        self.assertRegex(line, r'"GET /none HTTP/1.1" 404 \d+')


class ErrorLog(Case):
    def test_lines_have_time_level_and_process(self):
        server = self.gateway(top='log-level = "debug";')
        for line in server.log().splitlines():
            self.assertRegex(line, r"\d\d:\d\d:\d\d")
        self.assertRegex(server.log(), "(?i)info")

    def test_levels(self):
        log = self.path("m.log")
        self.gateway(top=f'log-level = "error"; log-file = "{log}";')
        self.assertEqual(0, os.path.getsize(log))

    def test_lines_a_client_can_cause_are_limited(self):
        log = self.path("m.log")
        server = self.gateway(top=f'log-file = "{log}";')
        for _ in range(300):
            client = server.http()
            client.send(b"GET / HTTP/1.1\r\nbroken\x1b[31m\r\n\r\n")
            self.assertEqual(400, client.response().status)
        with open(log, "rb") as file:
            text = file.read()
        self.assertLess(text.count(b"\n"), 60)
        self.assertNotIn(b"\x1b", text)

    def test_the_log_appends(self):
        log = self.path("m.log", "earlier\n")
        self.gateway(top=f'log-file = "{log}";')
        with open(log, encoding="utf-8") as file:
            self.assertEqual("earlier\n", file.readline())
