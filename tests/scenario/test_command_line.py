"""The command line, and what a wrong configuration says. Messages are compared where a person has to act on them."""

import os
import re
import signal
import socket
import unittest.mock

from harness import MODULES, ROOT, Case, arguments, configuration, is_running, status_fields, wait_for, wire_http
from ports import unused_port


class CommandLine(Case):
    def write_config(self, section="", top="", **defaults):
        self.document("index.html", "page")
        return self.path("m.conf", configuration(
            f'document = {{ docroot = "{self.documents}"; }};\n{section}', top, **defaults))

    def modules(self):
        return ["-M", MODULES] if os.path.isdir(MODULES) else []

    def check(self, config, *more):
        return self.run_marmoset("-t", "-f", config, *self.modules(), *more)


class Information(CommandLine):
    def test_version(self):
        for flag in ("-V", "--version"):
            status, out, _ = self.run_marmoset(flag)
            self.assertEqual(0, status)
            self.assertRegex(out.splitlines()[0], r"^marmoset/\d+\.\d+\.\d+")

    def test_version_names_the_modules(self):
        _, out, _ = self.run_marmoset("-V", *self.modules())
        self.assertIn("websocket", out)
        self.assertIn("document", out)

    def test_help_tells_every_flag(self):
        for flag in ("-h", "--help"):
            status, out, _ = self.run_marmoset(flag)
            self.assertEqual(0, status)
            for letter in "fpPMWsLCtDKVh":
                self.assertRegex(out, rf"(?m)^\s*-{letter}\b")
            for name in ("--config", "--pid-file", "--port", "--modules", "--root", "--server", "--log-file", "--daemon",
                         "--kill", "--check", "--version", "--help", "--ports-file"):
                self.assertIn(name, out)
            self.assertLessEqual(max(map(len, out.splitlines())), 80)

    def test_paths_as_ouistiti_prints_them(self):
        status, out, _ = self.run_marmoset("-C")
        self.assertEqual(0, status)
        found = dict(re.findall(r'^(\w+)="(.*)"$', out, re.M))
        for key in ("sysconfdir", "prefix", "libdir", "pkglibdir", "datadir", "configfile", "pidfile", "hostname"):
            self.assertIn(key, found)

    def test_help_config_loads_again(self):
        status, out, _ = self.run_marmoset("--help-config", *self.modules())
        self.assertEqual(0, status)
        self.assertIn("keepalivetimeout", out)
        self.assertIn("max_message", out)


class Usage(CommandLine):
    def check_usage(self, words, *args):
        status, out, err = self.run_marmoset(*args)
        self.assertEqual((1, ""), (status, out))
        self.assertIn("--help", err)
        for word in words:
            self.assertIn(word, err)

    def test_unknown_flags(self):
        self.check_usage(["-Z"], "-Z")
        self.check_usage(["--nonsense"], "--nonsense")
        self.check_usage(["-Z"], "-tZ")

    def test_missing_arguments(self):
        self.check_usage(["-f"], "-f")
        self.check_usage(["config"], "--config")

    def test_arguments_that_are_no_numbers(self):
        self.check_usage(["http"], "-P", "http")
        self.check_usage(["65536"], "-P", "65536")
        self.check_usage(["-1"], "-P", "-1")
        self.check_usage(["x"], "-s", "x")

    def test_words_without_a_flag(self):
        self.check_usage(["stray"], "stray")


class Check(CommandLine):
    def test_a_good_file(self):
        config = self.write_config()
        status, _, err = self.check(config)
        self.assertEqual(0, status, err)
        self.assertNotRegex(err, "(?i)error|warning")

    def test_flags_cluster(self):
        config = self.write_config()
        self.assertEqual(0, self.run_marmoset("-tf", config, *self.modules())[0])
        self.assertEqual(0, self.run_marmoset("--check", f"--config={config}", *self.modules())[0])

    def check_error(self, text, message):
        config = self.path("bad.conf", text)
        status, _, err = self.check(config)
        self.assertEqual(1, status, err)
        self.assertIn(f"{config}{message}", err)

    def test_syntax_error(self):
        self.check_error("servers = (\n{ port 80; });\n", ":2: syntax error")

    def test_a_missing_file(self):
        status, _, err = self.run_marmoset("-t", "-f", self.path("none.conf"), *self.modules())
        self.assertEqual(1, status)
        self.assertIn("none.conf: No such file or directory", err)

    def test_wrong_types_and_values(self):
        head = 'workers = 1;\nservers = ({\n'
        self.check_error(head + 'port = "eighty"; });', ':3: servers[0].port: "eighty" is not an integer')
        self.check_error(head + "port = 70000; });", ':3: servers[0].port: "70000" is not in range')
        self.check_error(head + "document = { docroot = 5; }; });", ":3: servers[0].document.docroot:")
        self.check_error(head + 'websocket = { docroot = "/tmp"; max_message = "lots"; }; });',
                         ":3: servers[0].websocket.max_message:")
        self.check_error(head + "websocket = 5; });", ":3: servers[0].websocket:")
        self.check_error('access-log-format = "xml";\n' + head + "});", ":1: access-log-format:")
        self.check_error('workers = -1;\n', ":1: workers:")

    def test_all_errors_are_told_at_once(self):
        config = self.path("bad.conf", 'workers = "x";\nservers = ({\nport = -1;\nmaxclients = "y"; });\n')
        _, _, err = self.check(config)
        for line in (":1:", ":3:", ":4:"):
            self.assertIn(config + line, err)

    def test_an_address_that_is_none(self):
        self.check_error('servers = ({ port = 0;\naddr = "nowhere at all"; });\n', ":2:")

    def test_a_configuration_without_servers(self):
        config = self.path("empty.conf", "workers = 1;\n")
        status, _, err = self.check(config)
        self.assertEqual(1, status)
        self.assertIn("servers", err)

    def test_unknown_keys_are_warnings_with_the_nearest(self):
        config = self.write_config("keepalivetimout = 5;")
        status, _, err = self.check(config)
        self.assertEqual(0, status)
        self.assertRegex(err, re.escape(config) + r':\d+: servers\[0\]\.keepalivetimout: unknown key; '
                                                  r'did you mean "keepalivetimeout"\?')

    def test_unknown_keys_of_a_module(self):
        config = self.write_config('websocket = { docroot = "/tmp"; orign = "same"; };')
        status, _, err = self.check(config)
        self.assertEqual(0, status)
        self.assertIn('servers[0].websocket.orign: unknown key; did you mean "origin"?', err)

    def test_unknown_keys_are_errors_where_strict(self):
        config = self.write_config("keepalivetimout = 5;", "strict = true;")
        status, _, err = self.check(config)
        self.assertEqual(1, status)
        self.assertIn("keepalivetimout", err)

    def test_a_group_that_protects_is_not_passed_over(self):
        config = self.write_config('auth = { type = "Basic"; };')
        status, _, err = self.check(config)
        self.assertEqual(1, status, "a build without auth must not serve what auth protects")
        self.assertIn("auth", err)

    def test_config_d_is_checked_too(self):
        self.path("conf.d/10.conf", "servers = ({\nport = -5; });\n")
        config = self.write_config("", f'config_d = "{self.path("conf.d")}";')
        status, _, err = self.check(config)
        self.assertEqual(1, status)
        self.assertIn("conf.d/10.conf:2: ", err)

    def test_ouistitis_layout_is_understood(self):
        # The keys and forms of its shipped files, in a file of ours.
        config = self.path("ouistiti.conf", f'''user="root";
#log-file="/var/log/ouistiti.log";
mimetypes = ({{ ext = ".mp4,.m4v"; mime = "video/mp4"; }}, {{ ext = ".m3u8"; mime = "application/x-mpegURL"; }});
servers= ({{
    hostname = "www.example.net";
    service = "www";
    port = 0;
    keepalivetimeout = 5;
    chunksize = 1024;
    maxclients = 50;
    version="HTTP11";
    unlock_groups = "PUT";
    security = "frame,sniff";
    document = {{
        docroot = "{self.documents}";
        dochome = "{self.documents}";
        allow = ".html,.htm,.css,.js,.txt,.png";
        deny = "^.htaccess,.php";
        defaultpage = "index.html";
        options = "dirlisting,sendfile,range";
    }};
    websocket = {{
        docroot = "{self.sockets}";
        allow = "*";
        deny = "";
    }};
}});
''')
        status, _, err = self.check(config)
        self.assertEqual(0, status, err)
        self.assertNotIn("unknown", err)

    def test_checking_touches_nothing(self):
        log, pid = self.path("m.log"), self.path("m.pid")
        config = self.write_config("", f'log-file = "{log}"; access-log = "{self.path("a.log")}";')
        self.assertEqual(0, self.check(config, "-p", pid)[0])
        for path in (log, pid, self.path("a.log")):
            self.assertFalse(os.path.exists(path), path)


class Start(CommandLine):
    def test_a_wrong_configuration_never_listens(self):
        config = self.write_config('port = 0; keepalivetimeout = "long";')
        ports = self.path("ports")
        status, _, err = self.run_marmoset(*arguments(config, "-P", "0", "--ports-file", ports)[1:])
        self.assertEqual(1, status)
        self.assertIn(f"{config}:", err)
        self.assertFalse(os.path.exists(ports))

    def test_names_the_addresses_in_one_log_line(self):
        self.document("index.html", "page")
        server = self.gateway()
        self.assertIn(server.addresses[0], server.wait_log(rf".*{re.escape(server.addresses[0])}.*").group(0))

    def test_port_is_for_servers_with_port_0(self):
        mine, other = unused_port(), unused_port()
        self.document("index.html", "page")
        document = f'hostname = "localhost"; addr = "127.0.0.1"; document = {{ docroot = "{self.documents}"; }};'
        text = f'workers = 1; {"user = " + chr(34) + "root" + chr(34) + ";" if ROOT else ""}' \
               f'servers = ({{ port = 0; {document} }}, {{ port = {other}; {document} }});'
        config = self.path("m.conf", text)
        ports = self.path("ports")
        server = self.launch(arguments(config, "-P", str(mine), "--ports-file", ports), "marmoset")
        wait_for("the ports file", lambda: os.path.exists(ports) or not server.running())
        with open(ports, encoding="ascii") as file:
            self.assertEqual([f"127.0.0.1:{mine}", f"127.0.0.1:{other}"], file.read().split())

    def test_only_the_nth_server(self):
        self.document("index.html", "page")
        self.document("b/index.html", "second")
        text = configuration().replace("});\n", "") + f'document = {{ docroot = "{self.documents}"; }}; }}, ' \
            f'{{ hostname = "localhost"; addr = "127.0.0.1"; port = 0; document = {{ docroot = "{self.documents}/b"; }}; }});'
        server = self.serve_text(text, "-s", "1")
        self.assertEqual(1, len(server.addresses))
        self.assertEqual(b"second", server.http().get("/index.html").body)

    def test_a_server_that_is_not_there(self):
        config = self.write_config()
        status, _, err = self.run_marmoset("-f", config, *self.modules(), "-s", "7")
        self.assertEqual(1, status)
        self.assertIn("7", err)

    def test_log_file_wins_over_the_configuration(self):
        other, chosen = self.path("other.log"), self.path("chosen.log")
        self.document("index.html", "page")
        server = self.serve_text(configuration(f'document = {{ docroot = "{self.documents}"; }};',
                                               f'log-file = "{other}";'), "-L", chosen)
        wait_for("the log", lambda: os.path.exists(chosen) and os.path.getsize(chosen))
        self.assertFalse(os.path.exists(other))
        with open(chosen, encoding="utf-8") as file:
            self.assertIn(server.addresses[0], file.read())

    def test_a_log_that_cannot_be_opened(self):
        config = self.write_config()
        status, _, err = self.run_marmoset("-f", config, *self.modules(), "-P", "0", "-L", self.path("none/x.log"))
        self.assertEqual(1, status)
        self.assertIn("none/x.log", err)

    def test_modules_that_are_not_there(self):
        config = self.write_config()
        status, _, err = self.run_marmoset("-t", "-f", config, "-M", self.path("nothing"))
        if os.path.isdir(MODULES):
            self.assertIn("document", err)  # what the file asks for and this build can't do
        else:
            self.assertEqual(0, status, err)

    def test_root_directory(self):
        # As root it is a chroot, else a working directory: relative paths are found either way.
        self.document("index.html", "page")
        text = configuration('document = { docroot = "documents"; };')
        # LeakSanitizer reads /proc at the end of a process, which a chroot has not.
        options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        with unittest.mock.patch.dict(os.environ, {"ASAN_OPTIONS": options}):
            server = self.serve_text(text, "-W", self.folder, "--ports-file", "marmoset.ports")
        self.assertEqual(b"page", server.http().get("/index.html").body)
        if ROOT:
            self.assertEqual(os.path.realpath(self.folder), os.readlink(f"/proc/{server.workers()[0]}/root"))


class PidFile(CommandLine):
    def test_holds_the_supervisor_while_it_runs(self):
        pid_file = self.path("m.pid")
        self.document("index.html", "page")
        server = self.serve_text(configuration(f'document = {{ docroot = "{self.documents}"; }};'), "-p", pid_file)
        with open(pid_file, encoding="ascii") as file:
            self.assertEqual(f"{server.pid}\n", file.read())
        self.assertEqual(0, server.stop())
        self.assertFalse(os.path.exists(pid_file) and os.path.getsize(pid_file))

    def test_the_configuration_may_name_it(self):
        pid_file = self.path("m.pid")
        server = self.serve("", f'pid-file = "{pid_file}";')
        with open(pid_file, encoding="ascii") as file:
            self.assertEqual(server.pid, int(file.read()))

    def test_a_second_instance_is_refused(self):
        pid_file = self.path("m.pid")
        server = self.serve_text(configuration(), "-p", pid_file)
        config = self.write_config()
        status, _, err = self.run_marmoset("-f", config, *self.modules(), "-P", "0", "-p", pid_file)
        self.assertEqual(1, status)
        self.assertIn(pid_file, err)
        self.assertIn(str(server.pid), err)
        with open(pid_file, encoding="ascii") as file:
            self.assertEqual(server.pid, int(file.read()))

    def test_kill(self):
        pid_file = self.path("m.pid")
        server = self.serve_text(configuration(), "-p", pid_file)
        status, _, err = self.run_marmoset("-K", "-p", pid_file)
        self.assertEqual(0, status, err)
        self.assertEqual(0, server.wait())

    def test_kill_spares_a_process_that_does_not_hold_the_lock(self):
        # The number of a server long gone may be that of anybody now.
        other = self.launch(["/bin/sleep", "1000"], "other")
        pid_file = self.path("m.pid", f"{other.pid}\n")
        status, _, err = self.run_marmoset("-K", "-p", pid_file)
        self.assertEqual(1, status)
        self.assertTrue(err)
        self.assertTrue(other.running())

    def test_kill_needs_a_pid_file(self):
        status, _, err = self.run_marmoset("-K")
        self.assertEqual(1, status)
        self.assertIn("-p", err)
        status, _, err = self.run_marmoset("-K", "-p", self.path("none.pid"))
        self.assertEqual(1, status)
        self.assertIn("none.pid", err)

    def test_daemon(self):
        pid_file, log, ports = self.path("m.pid"), self.path("m.log"), self.path("ports")
        config = self.write_config()
        status, _, err = self.run_marmoset(*arguments(config, "-P", "0", "--ports-file", ports)[1:], "-D", "-p", pid_file,
                                           "-L", log)
        self.assertEqual(0, status, err)
        # The command has returned: the server listens (or it would have said why not).
        with open(ports, encoding="ascii") as file:
            address = file.read().split()[0]
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read())
        self.assertTrue(is_running(pid))
        self.assertNotEqual(os.getsid(0), os.getsid(pid))
        self.assertEqual("marmoset", status_fields(pid)["Name"])
        client = wire_http(address)
        self.assertEqual(b"page", client.get("/index.html").body)
        self.assertEqual(0, self.run_marmoset("-K", "-p", pid_file)[0])
        wait_for("the daemon to end", lambda: not is_running(pid))

    def test_a_daemon_that_cannot_start_says_so(self):
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = self.write_config(f"port = {taken.getsockname()[1]};")
        status, _, err = self.run_marmoset(*arguments(config)[1:], "-D")
        self.assertEqual(1, status)
        self.assertIn(str(taken.getsockname()[1]), err)

    def test_signals_end_it(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.serve_text(configuration())
            self.assertEqual(0, server.stop(number))
