"""HTTP/1.1, 1.0 and 0.9 as every client may use them (RFC 9110, RFC 9112): connections, pipelining, bodies, methods, targets,
listeners."""

import email.utils
import os
import time

from harness import Case, Closed, deadline, is_running, wait_for

PAGE = "<h1>page</h1>\n"


class Http(Case):
    section = ""

    def setUp(self):
        super().setUp()
        self.document("index.html", PAGE)
        for name in "abc":
            self.document(f"{name}.txt", name * 10)
        self.server = self.gateway(section=self.section)

    def check_page(self, answer):
        self.assertEqual((200, PAGE), (answer.status, answer.body.decode()))


class Connections(Http):
    def test_serves_many_requests_on_one_connection(self):
        client = self.server.http()
        for _ in range(50):
            self.check_page(client.get("/index.html"))
        self.assertTrue(client.is_open())

    def test_closes_when_asked_to(self):
        client = self.server.http()
        answer = client.get("/a.txt", {"Connection": "close"})
        self.assertEqual("close", answer.get("Connection").lower())
        client.expect_end()

    def test_finds_close_in_a_list_of_options(self):
        client = self.server.http()
        client.get("/a.txt", {"Connection": "foo, CLOSE"})
        client.expect_end()

    def test_answers_a_client_that_has_half_closed(self):
        client = self.server.http()
        client.send_last(client.text("GET", "/a.txt"))
        self.assertEqual(200, client.response().status)
        client.expect_end()

    def test_http_1_0_closes(self):
        client = self.server.http()
        self.check_page(client.get("/index.html", version="HTTP/1.0"))
        client.expect_end()

    def test_http_1_0_keeps_the_connection_only_where_both_say_so(self):
        client = self.server.http()
        answer = client.get("/index.html", {"Connection": "keep-alive"}, version="HTTP/1.0")
        self.check_page(answer)
        if (answer.get("Connection") or "").lower() == "keep-alive":
            self.check_page(client.get("/index.html", version="HTTP/1.0"))
        client.expect_end()

    def test_http_1_0_needs_no_host(self):
        self.check_page(self.server.http().get("/index.html", version="HTTP/1.0"))

    def test_ignores_an_empty_line_before_a_request(self):
        # RFC 9112 2.2
        client = self.server.http()
        client.send(b"\r\n" + client.text("GET", "/a.txt"))
        self.assertEqual(200, client.response().status)

    def test_says_nothing_to_a_client_that_says_nothing(self):
        client = self.server.http()
        client.finish()
        client.expect_end()

    def test_many_connections_at_once(self):
        clients = [self.server.http() for _ in range(200)]
        for client in clients:
            client.request("GET", "/b.txt")
        for client in clients:
            self.assertEqual(b"b" * 10, client.response().body)


class Pipelining(Http):
    section = "header_timeout = 60;"  # many small pieces take their time on a slow machine

    def requests(self, client):
        return b"".join(client.text("GET", f"/{name}.txt") for name in "abcab")

    def check_answers(self, client):
        for name in "abcab":
            self.assertEqual(name * 10, client.response().body.decode())
        self.assertTrue(client.is_open(), client.buffer)

    def test_answers_in_order(self):
        client = self.server.http()
        client.send(self.requests(client))
        self.check_answers(client)

    @deadline(120)
    def test_answers_in_order_one_byte_at_a_time(self):
        client = self.server.http()
        client.send_bytewise(self.requests(client))
        self.check_answers(client)

    @deadline(60)
    def test_a_cut_may_fall_anywhere(self):
        client = self.server.http()
        text = client.text("GET", "/a.txt", {"X": "y"}) + client.text("HEAD", "/b.txt")
        for cut in range(1, len(text)):
            with self.subTest(cut=cut):
                client.send_apart(text[:cut], text[cut:])
                self.assertEqual(b"a" * 10, client.response().body)
                self.assertEqual("10", client.response("HEAD").get("Content-Length"))
        self.assertTrue(client.is_open())

    def test_hundreds_of_requests_in_one_write(self):
        client = self.server.http()
        client.send(client.text("GET", "/a.txt") * 500)
        for _ in range(500):
            self.assertEqual(b"a" * 10, client.response().body)

    def test_ends_after_the_request_that_closes(self):
        client = self.server.http()
        client.send(client.text("GET", "/a.txt") + client.text("GET", "/b.txt", {"Connection": "close"}) +
                    client.text("GET", "/c.txt"))
        self.assertEqual(b"a" * 10, client.response().body)
        self.assertEqual(b"b" * 10, client.response().body)
        client.expect_end()

    def test_a_refused_request_ends_the_connection_behind_its_answer(self):
        client = self.server.http()
        client.send(client.text("GET", "/a.txt") + b"GET / HTTP/1.1\r\n broken\r\n\r\n" + client.text("GET", "/c.txt"))
        self.assertEqual(b"a" * 10, client.response().body)
        self.assertEqual(400, client.response().status)
        client.expect_end()

    def test_errors_keep_their_place(self):
        client = self.server.http()
        client.send(client.text("GET", "/none") + client.text("GET", "/a.txt") + client.text("HEAD", "/none") +
                    client.text("GET", "/b.txt"))
        self.assertEqual(404, client.response().status)
        self.assertEqual(200, client.response().status)
        self.assertEqual(404, client.response("HEAD").status)
        self.assertEqual(b"b" * 10, client.response().body)


class Bodies(Http):
    """No module here takes bodies: they must be passed over without being mistaken for requests."""

    def follow(self, client):
        """Whether the connection goes on behind a refused body: then the next request is answered; else it has ended."""
        try:
            answer = client.get("/a.txt")
        except Closed:
            return False
        self.assertEqual(b"a" * 10, answer.body)
        return True

    def check_refusal(self, answer):
        self.assertEqual(405, answer.status)
        self.assertIn("GET", answer.get("Allow"))

    def test_a_sized_body_is_passed_over(self):
        client = self.server.http()
        client.request("POST", "/a.txt", body=b"GET /b.txt HTTP/1.1\r\nHost: x\r\n\r\n")
        self.check_refusal(client.response())
        self.follow(client)

    def test_a_chunked_body_is_passed_over(self):
        client = self.server.http()
        client.request("POST", "/a.txt", {"Transfer-Encoding": "chunked"},
                       body=b"5\r\nGET /\r\n1a;name=value\r\n" + b"x" * 26 + b"\r\n0\r\nTrailer: yes\r\n\r\n")
        self.check_refusal(client.response())
        self.follow(client)

    @deadline(120)
    def test_bodies_cut_anywhere(self):
        chunked = (b"POST /a.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                   b"A;x=\"y\"\r\n0123456789\r\n3\r\nabc\r\n0\r\n\r\n")
        sized = b"POST /a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\nGET / H"
        for text in (chunked, sized):
            for cut in range(1, len(text)):
                with self.subTest(cut=cut, text=text):
                    client = self.server.http()
                    client.send_apart(text[:cut], text[cut:])
                    self.check_refusal(client.response())
                    self.follow(client)
                    client.drop()

    def test_a_get_may_have_a_body(self):
        client = self.server.http()
        client.request("GET", "/a.txt", body=b"GET /evil HTTP/1.1\r\n\r\n")
        self.assertEqual(b"a" * 10, client.response().body)
        self.follow(client)

    def test_a_large_refused_body_does_not_lose_the_answer(self):
        # RFC 9112 9.6: closing with unread data would reset the connection and destroy the response.
        client = self.server.http()
        client.request("POST", "/a.txt", {"Content-Length": str(4 << 20)})
        client.send(b"x" * (4 << 20))
        self.check_refusal(client.response())

    def test_bad_chunks_are_refused(self):
        head = b"POST /a.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        for body in (b"x\r\n", b"-1\r\n", b"+1\r\nx\r\n", b"1\r\nxy\r\n0\r\n\r\n", b"1\nx\n0\n\n", b"0x1\r\nx\r\n0\r\n\r\n",
                     b"fffffffffffffffff\r\n", b"1 \nx\r\n", b" 1\r\nx\r\n0\r\n\r\n", b"1\r\nx0\r\n\r\n"):
            with self.subTest(body=body):
                client = self.server.http()
                client.send(head + body + client.text("GET", "/b.txt"))
                # The method may have been refused before the body was seen; what counts is that nothing follows.
                self.assertIn(client.response().status, (400, 405, 413))
                client.expect_end()


class Expectations(Http):
    def test_the_final_answer_may_come_at_once(self):
        # RFC 9110 10.1.1: a 405 needs no body, so none is asked for.
        client = self.server.http()
        client.request("POST", "/a.txt", {"Expect": "100-continue", "Content-Length": "10"})
        answer = client.response()
        self.assertEqual(405, answer.status)
        self.assertEqual([], answer.interim)
        # The client will not send its body: the connection must not wait for it as if it were one.
        if answer.get("Connection", "").lower() == "close":
            client.expect_end()

    def test_no_continue_to_http_1_0(self):
        client = self.server.http()
        client.request("POST", "/a.txt", {"Expect": "100-continue", "Content-Length": "2"}, version="HTTP/1.0")
        client.send(b"xx")
        answer = client.response()
        self.assertEqual([], answer.interim)

    def test_no_continue_without_a_body(self):
        client = self.server.http()
        answer = client.get("/a.txt", {"Expect": "100-continue"})
        self.assertEqual(200, answer.status)
        self.assertEqual([], answer.interim)

    def test_an_unknown_expectation_is_417(self):
        client = self.server.http()
        self.assertEqual(417, client.get("/a.txt", {"Expect": "the-unexpected"}).status)


class Methods(Http):
    def test_head_is_a_get_without_its_body(self):
        client = self.server.http()
        get, head = client.get("/index.html"), client.get("/index.html", method="HEAD")
        for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Accept-Ranges"):
            self.assertEqual(get.get(name), head.get(name), name)
        self.assertEqual(str(len(PAGE)), head.get("Content-Length"))
        self.check_page(client.get("/index.html"))

    def test_head_of_an_error_has_no_body(self):
        client = self.server.http()
        self.assertEqual(404, client.get("/none", method="HEAD").status)
        self.check_page(client.get("/index.html"))

    def test_options_of_the_server(self):
        client = self.server.http()
        answer = client.get("*", method="OPTIONS")
        self.assertIn(answer.status, (200, 204))
        self.assertEqual(b"", answer.body)
        self.check_page(client.get("/index.html"))

    def test_options_of_a_document(self):
        client = self.server.http()
        answer = client.get("/index.html", method="OPTIONS")
        self.assertIn(answer.status, (200, 204))
        allowed = {method.strip() for method in answer.get("Allow").split(",")}
        self.assertLessEqual({"GET", "HEAD", "OPTIONS"}, allowed)

    def test_a_known_method_that_is_not_allowed_is_405_with_allow(self):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            with self.subTest(method=method):
                answer = self.server.http().get("/index.html", method=method, body=b"")
                self.assertEqual(405, answer.status)
                allowed = {name.strip() for name in answer.get("Allow").split(",")}
                self.assertLessEqual({"GET", "HEAD"}, allowed)
                self.assertNotIn(method, allowed)

    def test_unknown_methods_are_501(self):
        for method in ("FROB", "get", "Get", "GETX", "M-SEARCHX"):
            with self.subTest(method=method):
                self.assertEqual(501, self.server.http().get("/index.html", method=method).status)

    def test_trace_and_connect_do_nothing(self):
        self.assertIn(self.server.http().get("/index.html", method="TRACE").status, (405, 501))
        client = self.server.http()
        client.send(b"CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\n")
        self.assertIn(client.response().status, (400, 405, 501))


class Targets(Http):
    def test_absolute_form(self):
        # RFC 9112 3.2.2: the target's authority replaces Host.
        client = self.server.http()
        self.check_page(client.get(f"http://localhost:{self.server.port}/index.html", host="other.example"))
        self.check_page(client.get("http://localhost/", host="localhost"))
        self.check_page(client.get("HTTP://localhost/index.html", host="localhost"))

    def test_absolute_form_without_a_path(self):
        self.check_page(self.server.http().get("http://localhost", host="localhost"))

    def test_a_query_is_no_part_of_the_name(self):
        self.check_page(self.server.http().get("/index.html?a=b&c=/../x"))

    def test_escapes_are_decoded_once(self):
        self.document("x y%41.txt", "odd")
        client = self.server.http()
        self.assertEqual(b"odd", client.get("/x%20y%2541.txt").body)
        self.assertEqual(404, client.get("/x%2520y%2541.txt").status)
        self.check_page(client.get("/%69ndex.html"))

    def test_malformed_targets_are_400(self):
        for target in ("/%", "/%4", "/%zz", "/a%00b", "/../x", "/%2e%2e/x", "/a/../../x", "index.html", "http://", "http:///x",
                       "//%2", "/a\\b", "/a%5cb", "/a%2fb", "/\x7f", "/\xe9", "*", "ftp://localhost/x%0"):
            with self.subTest(target=target):
                client = self.server.http()
                self.assertIn(client.get(target, host="localhost").status, (400, 404))

    def test_dot_segments_are_removed(self):
        client = self.server.http()
        self.check_page(client.get("/x/../index.html"))
        self.check_page(client.get("/./index.html"))
        self.check_page(client.get("//index.html"))


class Fields(Http):
    def test_date_is_now(self):
        text = self.server.http().get("/a.txt").get("Date")
        self.assertRegex(text, r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
                               r"\d\d:\d\d:\d\d GMT$")
        self.assertLess(abs(email.utils.parsedate_to_datetime(text).timestamp() - time.time()), 5)

    def test_date_goes_on(self):
        client = self.server.http()
        first = client.get("/a.txt").get("Date")
        wait_for("the next second", lambda: client.get("/a.txt").get("Date") != first)

    def test_errors_have_date_and_length_too(self):
        answer = self.server.http().get("/none")
        self.assertIsNotNone(answer.get("Date"))
        self.assertEqual(str(len(answer.body)), answer.get("Content-Length"))

    def test_error_pages_do_not_repeat_the_request(self):
        answer = self.server.http().get("/<script>alert(1)</script>")
        self.assertNotIn(b"<script>", answer.body)

    def test_white_space_around_values_is_no_part_of_them(self):
        client = self.server.http()
        client.send(b"GET /a.txt HTTP/1.1\r\nHost:\t localhost \t\r\nConnection:close\t\r\n\r\n")
        self.assertEqual(200, client.response().status)
        client.expect_end()

    def test_every_response_has_one_server_field(self):
        client = self.server.http()
        for target in ("/a.txt", "/none"):
            self.assertRegex(client.get(target).get("Server"), "^[Mm]armoset")


class Version09(Http):
    section = 'version = "HTTP/0.9";'

    def test_is_answered_by_the_bare_document(self):
        client = self.server.http()
        client.send(b"GET /index.html\r\n")
        self.assertEqual(PAGE.encode(), client.read_all())

    def test_the_other_versions_work_as_well(self):
        self.check_page(self.server.http().get("/index.html"))
        self.check_page(self.server.http().get("/index.html", version="HTTP/1.0"))

    def test_only_get(self):
        client = self.server.http()
        client.send(b"POST /index.html\r\n")
        self.assertNotIn(PAGE.encode(), client.read_all())


class NoVersion09(Http):
    def test_is_refused_unless_configured(self):
        for text in (b"GET /index.html\r\n", b"GET /index.html HTTP/0.9\r\n\r\n"):
            client = self.server.http()
            client.send(text)
            self.assertIn(client.response().status, (400, 505))
            client.expect_end()


class Version10(Http):
    section = 'version = "HTTP/1.0";'

    def test_answers_at_most_1_0(self):
        client = self.server.http()
        answer = client.get("/index.html")
        self.check_page(answer)
        self.assertIn(answer.version, ("HTTP/1.0", "HTTP/1.1"))


class Versions(Http):
    def test_other_major_versions_are_505(self):
        for version in ("HTTP/2.0", "HTTP/3.0", "HTTP/9.9"):
            with self.subTest(version=version):
                client = self.server.http()
                client.send(f"GET / {version}\r\nHost: localhost\r\n\r\n".encode())
                self.assertEqual(505, client.response().status)
                client.expect_end()

    def test_nonsense_is_400(self):
        for version in ("HTTP/1", "HTTP/1.1.1", "http/1.1", "HTPP/1.1", "HTTP/1.10", "HTTP 1.1", "HTTP/11", "HTTP/"):
            with self.subTest(version=version):
                client = self.server.http()
                client.send(f"GET / {version}\r\nHost: localhost\r\n\r\n".encode())
                self.assertIn(client.response().status, (400, 505))
                client.expect_end()


class Listeners(Case):
    def serve_pages(self, section):
        self.document("index.html", PAGE)
        return self.gateway(section=section)

    def check_page(self, client):
        answer = client.get("/index.html", host="localhost")
        self.assertEqual((200, PAGE), (answer.status, answer.body.decode()))

    def test_unix_socket(self):
        path = self.path("http.sock")
        server = self.serve_pages(f'addr = "unix:{path}";')
        self.assertEqual([f"unix:{path}"], server.addresses)
        self.check_page(server.http())
        server.stop()
        # What a stopped or killed server left behind does not stand in the way of the next.
        self.check_page(self.serve_pages(f'addr = "unix:{path}";').http())

    def test_unix_socket_of_a_killed_server_is_replaced(self):
        path = self.path("http.sock")
        server = self.serve_pages(f'addr = "unix:{path}"; ')
        workers = server.workers()
        server.kill()
        wait_for("nobody to listen", lambda: not any(is_running(pid) for pid in workers))
        self.assertTrue(os.path.exists(path))
        self.check_page(self.serve_pages(f'addr = "unix:{path}";').http())

    def test_ipv6(self):
        server = self.serve_pages('addr = "::1";')
        self.assertRegex(server.addresses[0], r"^\[::1\]:\d+$")
        self.check_page(server.http())

    def test_any_takes_both_families(self):
        server = self.serve_pages('addr = "any";')
        port = server.addresses[0].rpartition(":")[2]
        for address in (f"127.0.0.1:{port}", f"[::1]:{port}"):
            server.addresses = [address]
            self.check_page(server.http())

    def test_several_servers_in_one_file(self):
        self.document("index.html", PAGE)
        self.document("other/index.html", "other")
        document = f'document = {{ docroot = "{self.documents}"; }};'
        other = f'document = {{ docroot = "{self.documents}/other"; }};'
        user = 'user = "root";' if os.getuid() == 0 else ""
        server = self.serve_text(f"""{user} workers = 1;
            servers = ({{ hostname = "localhost"; addr = "127.0.0.1"; port = 0; {document} }},
                       {{ hostname = "localhost"; addr = "127.0.0.1"; port = 0; {other} }},
                       {{ hostname = "localhost"; addr = "unix:{self.path("s")}"; {document} }});""")
        self.assertEqual(3, len(server.addresses))
        self.assertEqual(PAGE.encode(), server.http(0).get("/index.html").body)
        self.assertEqual(b"other", server.http(1).get("/index.html").body)
        self.assertEqual(PAGE.encode(), server.http(2).get("/index.html").body)
