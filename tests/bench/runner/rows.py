"""What is measured: the rows, who takes part in each, and what marmoset is to reach there.

In: nothing. Out: ROWS. A target is judged on the figures of one run only, never against figures of another day.
"""

US, RAW_TCP, RAW_RELAY, RAW_TLS = "marmoset", "raw TCP", "raw relay", "raw mbedTLS"
DIRECT, PRELOADED = "marmoset direct", "marmoset preloaded"
LIGHTTPD, NGINX, H2O, LIBWEBSOCKETS = "lighttpd", "nginx", "h2o", "libwebsockets"
WS = "npm ws"
OPENSSL, MBEDTLS = "marmoset OpenSSL", "marmoset mbedTLS"
OURS = [US, DIRECT, PRELOADED, OPENSSL, MBEDTLS]

KIB, MIB = 1024, 1024 * 1024


class Ratio:
    """The figure of `subject` (none: the row's) is at most `factor` times that of each server named."""

    def __init__(self, factor, *against, metric="cpu_us", subject=None):
        self.factor, self.against, self.metric, self.subject = factor, against, metric, subject

    def __str__(self):
        name = {"cpu_us": "", "p50_us": "p50 "}[self.metric]
        factor = "" if self.factor == 1 else "%g × " % self.factor
        return "%s%s≤ %s%s" % (self.subject + " " if self.subject else "", name, factor, ", ".join(self.against))

    def judge(self, result):
        """(reached, what was found), or None when a figure is missing."""
        ratios = [result.ratio(self.metric, self.subject or result.row.subject, other) for other in self.against]
        if None in ratios:
            return None
        return max(ratios) <= self.factor, ", ".join("%.2f × %s" % pair for pair in zip(ratios, self.against))


class Limit:
    """The figure of `subject` (none: the row's) is at most (or, with least=True, at least) `value`."""

    def __init__(self, value, metric, name, unit="", scale=1, least=False, subject=None):
        self.value, self.metric, self.least, self.subject = value, metric, least, subject
        self.name, self.unit, self.scale = name, unit, scale

    def __str__(self):
        return "%s %s %s%s" % (self.name, "≥" if self.least else "≤", format(self.value / self.scale, ",g"), self.unit)

    def judge(self, result):
        found = result.median(self.subject or result.row.subject, self.metric)
        if found is None:
            return None
        reached = found >= self.value if self.least else found <= self.value
        return reached, "%s %s%s" % (self.name, format(round(found / self.scale, 2), ",g"), self.unit)


class Row:
    """One workload: the generator's mode and arguments, who takes part, first target, goal, columns of its table. The
    first server is the row's subject. `certificate`: the servers speak TLS, with an "ecdsa" or "rsa" key."""

    def __init__(self, name, title, mode, servers, arguments, first=(), goal=(), columns=None, unit="message",
                 rounds=None, certificate=None):
        self.name, self.title, self.mode, self.servers, self.arguments = name, title, mode, servers, arguments
        self.first, self.goal, self.columns = first, goal, columns or DEFAULT_COLUMNS
        self.subject = servers[0]
        self.unit, self.rounds = unit, rounds  # rounds: at most so many, however many the run has
        self.certificate = certificate

    def uses_websocket(self):
        return self.mode not in ("static", "handshake")


# (heading, metric of the generator, divisor, decimals)
DEFAULT_COLUMNS = [("per second", "per_second", 1, 0), ("p50 µs", "p50_us", 1, 1), ("p99 µs", "p99_us", 1, 1),
                   ("server busy %", "server_busy", 0.01, 0), ("generator busy %", "generator_busy", 0.01, 0)]
IDLE_COLUMNS = [("process bytes a client", "pss_bytes_per_client", 1, 0),
                ("after an echo", "pss_bytes_per_client_after_echo", 1, 0),
                ("of the system server", "backend_bytes_per_client", 1, 0),
                ("kernel bytes a client", "kernel_bytes_per_client", 1, 0),
                ("clients alive", "alive", 1, 0), ("MiB in all", "pss_bytes_held", MIB, 1),
                ("CPU µs a second", "cpu_us_per_second_held", 1, 0)]
STALLED_COLUMNS = [("others' rate alone", "per_second_alone", 1, 0), ("beside", "per_second_beside", 1, 0),
                   ("kept", "rate_kept", 1, 2), ("p99 µs alone", "p99_us_alone", 1, 0),
                   ("p99 µs beside", "p99_us_beside", 1, 0),
                   ("KiB the gateway grew", "gateway_grown_per_stalled", KIB, 0),
                   ("KiB the system server grew", "backend_grown_per_stalled", KIB, 0),
                   ("KiB taken from it", "taken_per_stalled", KIB, 0), ("dropped", "dropped", 1, 0)]

FANOUT_COLUMNS = DEFAULT_COLUMNS + [("messages", "messages_heard", 1, 0), ("lost", "lost", 1, 0)]
FANOUT_STALLED_COLUMNS = [("per second alone", "per_second", 1, 0), ("beside", "per_second_beside", 1, 0),
                          ("CPU µs beside", "cpu_us_beside", 1, 3), ("p50 µs alone", "p50_us", 1, 0),
                          ("p50 µs beside", "p50_us_beside", 1, 0), ("p99 µs alone", "p99_us", 1, 0),
                          ("p99 µs beside", "p99_us_beside", 1, 0), ("× p99", "p99_ratio", 1, 2),
                          ("MiB grown", "grown_bytes", MIB, 1), ("cut off", "cut_off", 1, 0), ("lost", "lost", 1, 0)]

RELAY = [US, RAW_TCP, RAW_RELAY, LIGHTTPD]
IN_DIRECT_MODE = [DIRECT, US, PRELOADED, RAW_TCP, LIBWEBSOCKETS]
STATIC = [US, LIGHTTPD, NGINX, H2O]


def echo(kind, servers, clients, size, size_name, window=1, first=(), goal=()):
    number, unit = size_name.split(" ")
    name = "%s-%dx%s%s" % (kind, clients, number, {"B": "", "KiB": "k", "MiB": "m"}[unit])
    title = "%d × %s" % (clients, size_name)
    if window > 1:
        name += "x%d" % window
        title += ", %d outstanding in one write" % window
    return Row(name, title, "echo", servers, ["-c", clients, "-s", size, "-w", window], first, goal)


def relay(*what, **targets):
    return echo("relay", RELAY, *what, **targets)


def direct(*what, **more):
    return echo("direct", IN_DIRECT_MODE, *what, first=[Ratio(1.15, RAW_TCP)],
                goal=[Ratio(1.05, RAW_TCP), Ratio(1, LIBWEBSOCKETS)], **more)


def static(name, title, file, clients, *flags):
    return Row(name, title, "static", STATIC, ["-c", clients, "--path", "/" + file, *flags],
               [Ratio(1, NGINX)], [Ratio(1, NGINX, LIGHTTPD, H2O)], unit="request")


# The same suite for all: they are compared in speed, not in taste.
SUITES = ["--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256"]
STORM_COLUMNS = [("p50 µs alone", "p50_us_alone", 1, 0), ("p99 µs alone", "p99_us_alone", 1, 0),
                 ("p50 µs beside", "p50_us_beside", 1, 0), ("p99 µs beside", "p99_us_beside", 1, 0),
                 ("worst µs beside", "max_us_beside", 1, 0), ("handshakes a second", "handshakes_per_second", 1, 0),
                 ("handshake p99 ms", "p99_us_handshake", 1000, 1)]


def secure(name, title, mode, servers, arguments, certificate="ecdsa", **more):
    first = [Ratio(1, NGINX, subject=OPENSSL)] if NGINX in servers else []
    if RAW_TLS in servers:
        first.append(Ratio(1.11, RAW_TLS, subject=MBEDTLS))
    return Row(name, title, mode, servers, arguments + SUITES, more.pop("first", first),
               certificate=certificate, **more)


def handshake(name, title, version, *flags, certificate="ecdsa"):
    servers = [OPENSSL, MBEDTLS, NGINX, RAW_TLS] if version == "1.2" else [OPENSSL, NGINX]
    return secure(name, title, "handshake", servers, ["-c", 16, "--tls-version", version, *flags], certificate,
                  unit="handshake")


def https(size, clients):
    return secure("https-" + size, "GET of %s, %d kept connections, TLS" % (SIZES[size], clients), "static",
                  [OPENSSL, MBEDTLS, NGINX, RAW_TLS], ["-c", clients, "--path", "/%s.bin" % size, "--tls"], unit="request")


def wss(clients, size, size_name):
    return secure("wss-%dx%s" % (clients, size_name.split(" ")[0] + {"B": "", "KiB": "k"}[size_name.split(" ")[1]]),
                  "%d × %s over TLS" % (clients, size_name), "echo", [OPENSSL, MBEDTLS, NGINX, RAW_TLS],
                  ["-c", clients, "-s", size, "--tls"])


def fanout(subscribers, senders, window, first=(), goal=()):
    """A room whose members hear what `senders` say, each with `window` messages on their way to all."""
    traffic = "%d sender%s with %d on the way" % (senders, "s" * (senders > 1), window)
    arguments = ["-c", subscribers, "--senders", senders, "-w", window]
    return [Row("fanout-%dx%d" % (subscribers, senders * window), "%d subscribers, %s" % (subscribers, traffic), "fanout",
                [US, DIRECT, WS], arguments, first, goal, FANOUT_COLUMNS, unit="delivery"),
            Row("fanout-%dx%d-stalled" % (subscribers, senders * window),
                "%d subscribers, %s, beside one that never reads" % (subscribers, traffic), "fanout", [US, DIRECT, WS],
                arguments + ["--stalled", 1],
                [Limit(2, "p99_ratio", "p99 beside", " × alone"), Limit(16 * MIB, "grown_bytes", "grown", " MiB", MIB)],
                columns=FANOUT_STALLED_COLUMNS, unit="delivery")]


SIZES = {"1k": "1 KiB", "100k": "100 KiB", "10m": "10 MiB"}
TLS_ROWS = [
    handshake("handshake-ecdsa", "full handshake, P-256, TLS 1.2; 16 at a time", "1.2"),
    handshake("handshake-rsa", "full handshake, RSA-2048, TLS 1.2", "1.2", certificate="rsa"),
    handshake("handshake-resumed", "handshake resumed by a ticket, TLS 1.2", "1.2", "--resume"),
    handshake("handshake13-ecdsa", "full handshake, P-256, TLS 1.3", "1.3"),
    handshake("handshake13-rsa", "full handshake, RSA-2048, TLS 1.3", "1.3", certificate="rsa"),
    handshake("handshake13-resumed", "handshake resumed by a ticket, TLS 1.3", "1.3", "--resume"),
    https("1k", 64), https("100k", 64), https("10m", 8),
    wss(64, 125, "125 B"), wss(64, 16 * KIB, "16 KiB"), wss(1000, 125, "125 B"),
    secure("idle-wss", "2,000 clients held over TLS, silent", "idle", [OPENSSL, MBEDTLS, NGINX], ["-c", 2000, "--tls"],
           first=[Limit(25 * KIB, "pss_bytes_per_client", "process", " KiB", KIB, subject=OPENSSL),
                  Limit(42 * KIB, "pss_bytes_per_client", "mbedTLS", " KiB", KIB, subject=MBEDTLS)],
           columns=IDLE_COLUMNS, rounds=2),
    secure("storm", "8 clients × 125 B over TLS beside 64 full handshakes at a time, P-256", "storm",
           [OPENSSL, MBEDTLS, NGINX], ["-c", 8, "--storm", 64], first=[], columns=STORM_COLUMNS),
]


ROWS = [
    relay(1, 125, "125 B", first=[Ratio(1.2, RAW_RELAY, metric="p50_us")],
          goal=[Ratio(1, RAW_RELAY, metric="p50_us")]),
    relay(64, 125, "125 B", first=[Ratio(0.65, RAW_RELAY), Ratio(0.5, LIGHTTPD)], goal=[Ratio(1.3, RAW_TCP)]),
    relay(1000, 125, "125 B", first=[Ratio(0.65, RAW_RELAY), Ratio(0.5, LIGHTTPD)], goal=[Ratio(1.3, RAW_TCP)]),
    relay(1000, KIB, "1 KiB"),
    relay(64, 16 * KIB, "16 KiB"),
    relay(64, 64 * KIB, "64 KiB", first=[Ratio(1.2, RAW_RELAY)], goal=[Ratio(1, RAW_RELAY)]),
    relay(64, MIB, "1 MiB", first=[Ratio(1.2, RAW_RELAY)], goal=[Ratio(1, RAW_RELAY)]),
    relay(64, 125, "125 B", window=16, first=[Ratio(0.9, RAW_RELAY)], goal=[Ratio(1.4, RAW_TCP)]),
    direct(1, 125, "125 B"),
    direct(64, 125, "125 B"),
    direct(1000, 125, "125 B"),
    direct(1000, KIB, "1 KiB"),
    direct(64, 16 * KIB, "16 KiB"),
    direct(64, 64 * KIB, "64 KiB"),
    direct(64, MIB, "1 MiB"),
    direct(64, 125, "125 B", window=16),
    Row("idle", "9,500 clients held, silent", "idle", [US, LIGHTTPD], ["-c", 9500],
        [Limit(1024, "pss_bytes_per_client", "process", " B"),
         Limit(9 * KIB, "kernel_bytes_per_client", "kernel", " KiB", KIB)],
        [Limit(600, "pss_bytes_per_client", "process", " B")], IDLE_COLUMNS, rounds=2),
    Row("idle-direct", "9,500 clients held in direct mode, silent", "idle", [DIRECT], ["-c", 9500],
        [Limit(1024, "pss_bytes_per_client", "gateway", " B")], [], IDLE_COLUMNS, rounds=2),
    Row("churn", "connect, upgrade, one echo of 125 B, close handshake; 64 at a time", "churn", [US, LIGHTTPD],
        ["-c", 64], [Limit(41, "cpu_us", "CPU", " µs")], [Limit(28, "cpu_us", "CPU", " µs")], unit="session"),
    *fanout(100, 1, 1, first=[Ratio(1, WS)]),
    *fanout(100, 4, 8, first=[Ratio(1, WS)]),
    *fanout(1000, 1, 1, first=[Ratio(1, WS)]),
    *fanout(1000, 4, 8, first=[Limit(0.3, "cpu_us", "CPU", " µs"), Ratio(0.1, WS)], goal=[Limit(0.15, "cpu_us", "CPU", " µs")]),
    static("static-1k", "GET of 1 KiB, 64 kept connections", "1k.bin", 64),
    static("static-100k", "GET of 100 KiB, 64 kept connections", "100k.bin", 64),
    static("static-10m", "GET of 10 MiB, 8 kept connections", "10m.bin", 8),
    static("static-close", "GET of 1 KiB, a new connection each, 64 at a time", "1k.bin", 64, "--close"),
    *TLS_ROWS,
    Row("stalled", "63 clients × 125 B beside one that sends 64 KiB messages and never reads", "stalled", [US, LIGHTTPD],
        ["-c", 63], [Limit(0.9, "rate_kept", "rate kept", least=True),
                     Limit(4 * MIB, "grown_per_stalled", "grown", " MiB", MIB)],
        columns=STALLED_COLUMNS),
]

FILES = {"1k.bin": KIB, "100k.bin": 100 * KIB, "10m.bin": 10 * MIB}
