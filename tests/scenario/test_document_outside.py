"""Nothing but the readable regular files beneath docroot is ever sent, whatever names and links say."""

import os
import socket

from documents import TEXT, Documents
from harness import wait_for


class Outside(Documents):
    def setUp(self):
        super().setUp()
        self.path("secret.txt", "SECRET")
        self.path("documents-other/secret.txt", "SECRET")

    def check_nothing(self, target):
        with self.server.http() as client:
            client.send(b"GET " + target.encode("latin-1") + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            text = client.read_all()
        self.assertNotIn(b"SECRET", text)
        self.assertNotIn(b"root:", text)
        self.assertIn(int(text.split()[1]), (400, 403, 404), target)

    def test_traversal(self):
        for target in ("/../secret.txt", "/%2e%2e/secret.txt", "/%2E%2E%2Fsecret.txt", "/..%2fsecret.txt", "/.%2e/secret.txt",
                       "/a/../../secret.txt", "/a/%2e%2e/%2e%2e/secret.txt", "/./../secret.txt", "//../secret.txt",
                       "/..\\secret.txt", "/..%5csecret.txt", "/%252e%252e/secret.txt", "/..%c0%afsecret.txt",
                       "/..%u2216secret.txt", "/..;/secret.txt", "/.../secret.txt", "/..%00/secret.txt", "/%00/../secret.txt",
                       "../secret.txt", "/../documents-other/secret.txt", "/" + "../" * 40 + "etc/passwd",
                       "/" + "%2e%2e/" * 40 + "etc/passwd", "/etc/passwd", "//etc/passwd", "/file:///etc/passwd",
                       "http://localhost/../secret.txt", "http://localhost/%2e%2e/secret.txt",
                       f"/{self.folder}/secret.txt", f"//{self.folder}/secret.txt", "/text.txt/../../secret.txt",
                       "/text.txt%00.html", "/~root/.profile", "/proc/self/environ"):
            with self.subTest(target=target):
                self.check_nothing(target)

    def test_links_that_lead_outside(self):
        links = {"relative": "../secret.txt", "absolute": self.path("secret.txt"), "up": "..", "root": "/",
                 "etc": "/etc/passwd", "magic": "/proc/self/root/etc/passwd", "cwd": "/proc/self/cwd", "chain": "relative",
                 "other": "../documents-other", "loop": "loop", "back": f"../{os.path.basename(self.documents)}-other/secret.txt"}
        for name, target in links.items():
            os.symlink(target, os.path.join(self.documents, name))
        for target in ("/relative", "/absolute", "/up/secret.txt", "/up", "/up/", "/root/etc/passwd", "/etc", "/magic",
                       "/cwd/secret.txt", "/chain", "/other/secret.txt", "/other", "/loop", "/back"):
            with self.subTest(target=target):
                self.check_nothing(target)
        self.server.wait_log("a symbolic link was refused: /relative")

    def test_links_that_stay_inside(self):
        self.document("a/real.txt", "real")
        os.symlink("a/real.txt", os.path.join(self.documents, "link.txt"))
        os.symlink("../index.html", os.path.join(self.documents, "a", "index.html"))
        os.symlink("a", os.path.join(self.documents, "folder"))
        self.assertEqual(b"real", self.get("/link.txt").body)
        self.assertEqual(b"real", self.get("/folder/real.txt").body)
        self.assertEqual(b"<h1>front</h1>\n", self.get("/a/").body)

    def test_an_index_or_a_neighbour_that_leads_outside(self):
        os.mkdir(os.path.join(self.documents, "d"))
        os.symlink("../../secret.txt", os.path.join(self.documents, "d", "index.html"))
        self.check_nothing("/d/")
        os.symlink("../secret.txt", os.path.join(self.documents, "text.txt.gz"))
        answer = self.get("/text.txt", {"Accept-Encoding": "gzip"})
        self.assertEqual((None, TEXT), (answer.get("Content-Encoding"), answer.body.decode()))

    def test_a_link_put_in_place_of_a_file(self):
        self.assertEqual(200, self.status("/text.txt"))
        os.symlink("../secret.txt", os.path.join(self.documents, "link"))
        os.replace(os.path.join(self.documents, "link"), os.path.join(self.documents, "text.txt"))
        wait_for("the link to be noticed", lambda: self.status("/text.txt") == 404)

    def test_fifos_sockets_and_devices(self):
        os.mkfifo(os.path.join(self.documents, "fifo"))
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(os.path.join(self.documents, "socket"))
        listener.listen()
        names = ["fifo", "socket"]
        if os.getuid() == 0:
            os.mknod(os.path.join(self.documents, "device"), 0o020666, os.makedev(1, 5))  # /dev/zero
            names.append("device")
        for name in names:
            with self.subTest(name=name):
                self.check_nothing(f"/{name}")
        # Nobody opened the FIFO for reading, which a writer would have noticed.
        with self.assertRaises(OSError):
            os.open(os.path.join(self.documents, "fifo"), os.O_WRONLY | os.O_NONBLOCK)

    def test_names_without_end(self):
        self.check_nothing("/" + "x" * 4000)
        self.check_nothing("/" + "x/" * 2500)
        self.check_nothing("/text.txt" + "/" * 3000 + "x")


class NoLinks(Documents):
    keys = 'symlinks = "none";'

    def test_every_link_is_refused(self):
        os.symlink("text.txt", os.path.join(self.documents, "link.txt"))
        os.symlink(".", os.path.join(self.documents, "here"))
        for target in ("/link.txt", "/here/text.txt", "/here/", "/here"):
            self.assertEqual(404, self.status(target), target)
        self.assertEqual(200, self.status("/text.txt"))


class Unreadable(Documents):
    def serve_documents(self, keys="", top=""):
        # Root reads everything: the workers must be someone else.
        return super().serve_documents(keys, 'user = "nobody";' if os.getuid() == 0 else top)

    def test_is_forbidden(self):
        os.chmod(self.document("private.txt", "PRIVATE"), 0)
        os.chmod(os.path.dirname(self.document("closed/a.txt", "PRIVATE")), 0)
        self.addCleanup(os.chmod, os.path.join(self.documents, "closed"), 0o700)
        for target in ("/private.txt", "/closed/a.txt"):
            answer = self.get(target)
            self.assertEqual(403, answer.status)
            self.assertNotIn(b"PRIVATE", answer.body)
        self.server.wait_log("open /private.txt: Permission denied")

    def test_is_noticed_when_it_is_known_already(self):
        path = self.document("public.txt", "public")
        self.assertEqual(200, self.status("/public.txt"))
        os.chmod(path, 0)
        wait_for("the change of permissions to be noticed", lambda: self.status("/public.txt") == 403)
