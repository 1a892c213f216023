"""The document module as clients meet it: files, folders, rules, changes on disk, configuration."""

import email.utils
import hashlib
import os

from documents import LONG_AGO, TEXT, Documents
from harness import MODULES, Case, deadline, descriptors, wait_for


class Files(Documents):
    def test_fields_of_a_file(self):
        answer = self.get("/text.txt")
        self.assertEqual((200, TEXT), (answer.status, answer.body.decode()))
        self.assertEqual("text/plain; charset=utf-8", answer.get("Content-Type"))
        self.assertEqual(email.utils.formatdate(LONG_AGO, usegmt=True), answer.get("Last-Modified"))
        self.assertRegex(answer.get("ETag"), r'^"[0-9a-f]+-[0-9a-f]+"$')
        self.assertEqual("bytes", answer.get("Accept-Ranges"))
        self.assertEqual("no-cache", answer.get("Cache-Control"))
        self.assertIsNone(answer.get("Vary"))
        self.assertIsNone(answer.get("Content-Encoding"))

    def test_types(self):
        for name, content_type in {"a.html": "text/html; charset=utf-8", "a.JS": "text/javascript; charset=utf-8",
                                   "a.svg": "image/svg+xml", "a.json": "application/json", "a.woff2": "font/woff2",
                                   "a.wasm": "application/wasm", "a": "application/octet-stream"}.items():
            with self.subTest(name=name):
                self.document(name, "x")
                self.assertEqual(content_type, self.get("/" + name).get("Content-Type"))

    def test_an_empty_file(self):
        self.document("empty.txt", "")
        for method in ("GET", "HEAD"):
            answer = self.get("/empty.txt", method=method)
            self.assertEqual((200, b"", "0"), (answer.status, answer.body, answer.get("Content-Length")))

    def test_head_has_the_fields_of_get(self):
        self.document("large.bin", b"x" * (3 << 20))
        for target in ("/", "/text.txt", "/large.bin", "/none", "/text.txt/"):
            with self.subTest(target=target):
                get, head = self.get(target), self.get(target, method="HEAD")
                self.assertEqual(get.status, head.status)
                self.assertEqual([field for field in get.headers if field[0] != "Date"],
                                 [field for field in head.headers if field[0] != "Date"])
                self.assertEqual(b"", head.body)

    def test_other_methods(self):
        answer = self.get("/text.txt", method="OPTIONS")
        self.assertEqual((204, "GET, HEAD, OPTIONS"), (answer.status, answer.get("Allow")))
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = self.get("/text.txt", method=method)
            self.assertEqual((405, "GET, HEAD, OPTIONS"), (answer.status, answer.get("Allow")))
            self.assertEqual(404, self.status("/none", method=method))
        self.assertEqual(404, self.status("/none", method="OPTIONS"))

    def test_queries_do_not_matter(self):
        self.assertEqual(200, self.status("/text.txt?version=3"))
        self.assertEqual(200, self.status("/?"))

    def test_odd_names(self):
        for name, target in {"a b.txt": "/a%20b.txt", "é.txt": "/%C3%A9.txt", "100%.txt": "/100%25.txt",
                             "q?.txt": "/q%3F.txt", "'\"<&>.txt": "/'%22%3C&%3E.txt", "...": "/..."}.items():
            with self.subTest(name=name):
                self.document(name, name)
                self.assertEqual(name, self.get(target).body.decode())

    def test_many_requests_in_one_write(self):
        client = self.server.http()
        targets = ["/text.txt", "/none", "/", "/text.txt"] * 25
        client.send(b"".join(client.text("GET", target) for target in targets))
        for target in targets:
            answer = client.response()
            self.assertEqual(404 if target == "/none" else 200, answer.status)

    def test_many_clients_ask_for_one_new_file(self):
        self.document("new.txt", "new")
        clients = [self.server.http() for _ in range(50)]
        for client in clients:
            client.request("GET", "/new.txt")
        for client in clients:
            self.assertEqual(b"new", client.response().body)

    def test_a_client_that_leaves_while_it_waits(self):
        for number in range(20):
            self.document(f"{number}.txt", "x")
            client = self.server.http()
            client.request("GET", f"/{number}.txt")
            client.abort()
        self.assertEqual(200, self.status("/text.txt"))

    @deadline(60)
    def test_a_large_file(self):
        block = os.urandom(1 << 20)
        digest = hashlib.sha256()
        with open(self.path("documents/large.bin"), "wb") as file:
            for number in range(50):
                piece = bytes([number]) + block[1:]
                digest.update(piece)
                file.write(piece)
        answer = self.get("/large.bin")
        self.assertEqual(200, answer.status)
        self.assertEqual(50 << 20, len(answer.body))
        self.assertEqual(digest.hexdigest(), hashlib.sha256(answer.body).hexdigest())
        part = self.get("/large.bin", {"Range": f"bytes={(10 << 20) - 5}-{(30 << 20) + 4}"})
        self.assertEqual(206, part.status)
        self.assertTrue(answer.body[(10 << 20) - 5:(30 << 20) + 5] == part.body)

    def test_a_large_file_that_shrinks_ends_the_connection(self):
        path = self.document("large.bin", b"x" * (30 << 20))
        client = self.server.http()
        client.request("GET", "/large.bin")
        client.head()
        os.truncate(path, 1 << 20)
        body = client.read_all()
        self.assertLess(len(body), 30 << 20)  # the promised length was not filled up with something else
        self.assertEqual(200, self.status("/text.txt"))


class Folders(Documents):
    def setUp(self):
        super().setUp()
        self.document("a/index.html", "a's index")
        self.document("b c/d/page.html", "page")
        os.mkdir(os.path.join(self.documents, "empty"))

    def test_index(self):
        self.assertEqual(b"<h1>front</h1>\n", self.get("/").body)
        answer = self.get("/a/")
        self.assertEqual((200, b"a's index"), (answer.status, answer.body))
        self.assertEqual("text/html; charset=utf-8", answer.get("Content-Type"))

    def test_without_index_there_is_nothing(self):
        self.assertEqual(404, self.status("/empty/"))
        self.assertEqual(404, self.status("/b%20c/"))

    def test_redirects_to_the_folder(self):
        for target, location in {"/a": "/a/", "/a?x=1&y=%0d": "/a/?x=1&y=%0d", "/a?": "/a/?", "//a": "/a/",
                                 "/x/../a": "/a/", "/b%20c": "/b%20c/", "/b%20c/d": "/b%20c/d/", "/empty": "/empty/"}.items():
            with self.subTest(target=target):
                answer = self.get(target)
                self.assertEqual((301, location), (answer.status, answer.get("Location")))

    def test_a_redirect_never_leads_to_another_host(self):
        os.makedirs(os.path.join(self.documents, "example.org"))
        for target in ("//example.org", "///example.org", "/%2f/example.org", "/%5cexample.org", "/.//example.org",
                       "/x/..//example.org"):
            with self.subTest(target=target):
                answer = self.get(target)
                self.assertIn(answer.status, (301, 400, 404))
                if answer.status == 301:
                    self.assertEqual("/example.org/", answer.get("Location"))

    def test_a_file_is_no_folder(self):
        self.assertEqual(404, self.status("/text.txt/"))
        self.assertEqual(404, self.status("/text.txt/more"))
        self.assertEqual(404, self.status("/index.html/"))

    def test_follows_a_redirect(self):
        self.assertEqual((200, b"a's index"), self.curl("/a", "-L"))


class IndexNames(Documents):
    keys = 'defaultpage = "start.html,index.htm";'

    def test_the_first_that_exists(self):
        self.assertEqual(404, self.status("/"))
        self.document("d/index.htm", "second")
        self.assertEqual(b"second", self.get("/d/").body)
        self.document("e/index.htm", "second")
        self.document("e/start.html", "first")
        self.assertEqual(b"first", self.get("/e/").body)


class NoIndex(Documents):
    keys = 'defaultpage = "";'

    def test_folders_are_not_found(self):
        self.assertEqual(404, self.status("/"))
        self.assertEqual(200, self.status("/index.html"))


class Rules(Documents):
    keys = 'allow = "^/public/*,.html$"; deny = "*,.php,^/public/not";'

    def test_allow_and_deny(self):
        for name in ("public/a.txt", "public/not.txt", "public/x.php", "other.txt", "a.b.php.html"):
            self.document(name, "x")
        for target, status in {"/public/a.txt": 200, "/index.html": 200, "/public/not.txt": 403, "/public/x.php": 403,
                               "/other.txt": 403, "/a.b.php.html": 403, "/none.txt": 403, "/public/none": 404, "/": 403,
                               "/public/%6eot.txt": 403, "/public/../other.txt": 403, "//public/not.txt": 403}.items():
            with self.subTest(target=target):
                self.assertEqual(status, self.status(target))
        self.assertEqual(403, self.status("/other.txt", method="DELETE"))


class DenyLast(Documents):
    keys = 'allow = "^/x.php$"; deny = ".php"; denylast = true;'

    def test_allow_wins(self):
        for name in ("x.php", "y.php"):
            self.document(name, "x")
        self.assertEqual([200, 403, 200], [self.status(target) for target in ("/x.php", "/y.php", "/text.txt")])


class TwoGroups(Documents):
    def serve_documents(self, keys="", top=""):
        other = self.path("other/b/b.txt", "b's")
        self.path("other/text.txt", "other text")
        return self.serve(f'document = ({{ docroot = "{self.documents}"; deny = "^/b/*,^/c/*"; }},'
                          f'{{ docroot = "{os.path.dirname(os.path.dirname(other))}"; deny = "^/c/*"; }});')

    def test_the_second_has_what_the_first_has_not(self):
        self.assertEqual(TEXT, self.get("/text.txt").body.decode())
        for _ in range(2):  # looked up, then remembered
            self.assertEqual(b"b's", self.get("/b/b.txt").body)
            self.assertEqual(403, self.status("/b/none"))
            self.assertEqual(403, self.status("/c/none"))
            self.assertEqual(404, self.status("/d/none"))


class Changes(Documents):
    keys = "cachevalid = 0.2;"

    def wait_for_body(self, target, body):
        wait_for(f"{target} to become {body!r}", lambda: self.get(target).body.decode() == body)

    def test_a_file_that_is_replaced(self):
        self.assertEqual(TEXT, self.get("/text.txt").body.decode())
        old = self.get("/text.txt").get("ETag")
        os.replace(self.path("new", "new text"), self.path("documents/text.txt"))
        self.wait_for_body("/text.txt", "new text")
        self.assertNotEqual(old, self.get("/text.txt").get("ETag"))
        self.assertEqual(200, self.status("/text.txt", {"If-None-Match": old}))

    def test_a_file_written_in_place_again_and_again(self):
        for number in range(5):
            self.document("changing.txt", f"{number}")
            self.wait_for_body("/changing.txt", f"{number}")

    def test_a_file_that_appears_and_disappears(self):
        self.assertEqual(404, self.status("/late.txt"))
        path = self.document("late.txt", "late")
        self.wait_for_body("/late.txt", "late")
        os.remove(path)
        wait_for("the file to be gone", lambda: self.status("/late.txt") == 404)

    def test_a_folder_becomes_a_file(self):
        os.mkdir(os.path.join(self.documents, "x"))
        self.assertEqual(301, self.status("/x"))
        os.rmdir(os.path.join(self.documents, "x"))
        self.document("x", "file")
        self.wait_for_body("/x", "file")

    def test_a_neighbour_that_appears(self):
        self.assertIsNone(self.get("/text.txt", {"Accept-Encoding": "gzip"}).get("Vary"))
        self.document("text.txt.gz", "packed")
        wait_for("the neighbour to be seen",
                 lambda: self.get("/text.txt", {"Accept-Encoding": "gzip"}).get("Content-Encoding") == "gzip")

    def test_an_answer_on_its_way_is_not_mixed(self):
        path = self.document("large.bin", b"a" * (20 << 20))
        client = self.server.http()
        client.request("GET", "/large.bin")
        client.head()
        os.replace(self.path("other", b"b" * (20 << 20)), path)
        self.assertTrue(client.read(20 << 20) == b"a" * (20 << 20))


class NoCache(Documents):
    keys = "cachevalid = 0; cachesize = 0; cachefiles = 1;"

    def test_everything_still_works(self):
        for _ in range(3):
            self.assertEqual(TEXT, self.get("/text.txt").body.decode())
            self.assertEqual(b"<h1>front</h1>\n", self.get("/").body)
            self.assertEqual(206, self.status("/text.txt", {"Range": "bytes=0-4,1000-1004"}))
        self.document("text.txt", "changed")
        self.assertEqual(b"changed", self.get("/text.txt").body)


class Descriptors(Documents):
    keys = "cachefiles = 10; cachesize = 0;"

    def test_open_files_are_bounded(self):
        def open_files():
            return sum(descriptors(pid, self.documents + "/") for pid in self.server.workers())

        client = self.server.http()
        for number in range(40):
            self.document(f"{number}.txt", f"{number}")
            self.assertEqual(str(number), client.get(f"/{number}.txt").body.decode())
        wait_for("ten to be open", lambda: open_files() == 10)


class MaxAge(Documents):
    keys = 'maxage = 3600; charset = ""; options = "sendfile,dirlisting";'

    def test_fields(self):
        answer = self.get("/text.txt")
        self.assertEqual(("max-age=3600", "text/plain"), (answer.get("Cache-Control"), answer.get("Content-Type")))
        self.assertRegex(self.server.log(), r"options: dirlisting has no effect in this version")
        self.assertNotIn("sendfile has no effect", self.server.log())


class ConfiguredTypes(Documents):
    def serve_documents(self, keys="", top=""):
        return super().serve_documents(keys, 'mimetypes = ( { ext = ".foo,.TXT"; mime = "text/x-odd; charset=latin1"; } );')

    def test_win_over_the_built_in_ones(self):
        self.document("a.FOO", "x")
        for target in ("/a.FOO", "/text.txt"):
            self.assertEqual("text/x-odd; charset=latin1", self.get(target).get("Content-Type"))
        self.assertEqual("text/html; charset=utf-8", self.get("/").get("Content-Type"))


class Configuration(Case):
    def check(self, keys, *how):
        config = self.path("m.conf", f'user = "root";\nservers = ({{ port = 0;\ndocument = {{ {keys} }}; }});\n')
        status, _, errors = self.run_marmoset("-f", config, *(how or ("-t",)), "-M", MODULES)
        return status, errors

    def test_docroot_is_needed(self):
        status, errors = self.check("")
        self.assertEqual(1, status)
        self.assertIn("m.conf:3: servers[0].document.docroot: not set", errors)

    def test_docroot_must_exist(self):
        # Checking alone (-t) does not look: the folder may come with what is still to be installed.
        status, errors = self.check(f'docroot = "{self.folder}/none";')
        self.assertEqual(0, status, errors)
        status, errors = self.check(f'docroot = "{self.folder}/none";', "-P", "0")
        self.assertEqual(1, status)
        self.assertIn(f"m.conf:3: servers[0].document.docroot: open {self.folder}/none: No such file or directory", errors)

    def test_all_keys(self):
        status, errors = self.check(f'docroot = "{self.folder}"; dochome = "x"; defaultpage = ["a", "b"]; allow = "*"; deny = ""; '
                                    'denylast = true; symlinks = "None"; precompressed = false; charset = "latin1"; maxage = 5; '
                                    'cachesize = "1M"; cachefiles = 5; cachevalid = 2.5; options = "range sendfile"; '
                                    'transfer_type = "x";')
        self.assertEqual((0, False), (status, "warning" in errors), errors)
