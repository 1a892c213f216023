"""What is measured: the rows, who takes part in each, and what marmoset is to reach there.

In: nothing. Out: ROWS. A target is judged on the figures of one run only, never against figures of another day.
"""

US, RAW_TCP, RAW_RELAY = "marmoset", "raw TCP", "raw relay"
DIRECT, PRELOADED = "marmoset direct", "marmoset preloaded"
LIGHTTPD, NGINX, H2O, LIBWEBSOCKETS = "lighttpd", "nginx", "h2o", "libwebsockets"
OURS = [US, DIRECT, PRELOADED]

KIB, MIB = 1024, 1024 * 1024


class Ratio:
    """The figure of the row's subject is at most `factor` times that of each server named."""

    def __init__(self, factor, *against, metric="cpu_us"):
        self.factor, self.against, self.metric = factor, against, metric

    def __str__(self):
        name = {"cpu_us": "", "p50_us": "p50 "}[self.metric]
        factor = "" if self.factor == 1 else "%g × " % self.factor
        return "%s≤ %s%s" % (name, factor, ", ".join(self.against))

    def judge(self, result):
        """(reached, what was found), or None when a figure is missing."""
        ratios = [result.ratio(self.metric, result.row.subject, other) for other in self.against]
        if None in ratios:
            return None
        return max(ratios) <= self.factor, ", ".join("%.2f × %s" % pair for pair in zip(ratios, self.against))


class Limit:
    """The figure of the row's subject is at most (or, with least=True, at least) `value`."""

    def __init__(self, value, metric, name, unit="", scale=1, least=False):
        self.value, self.metric, self.least = value, metric, least
        self.name, self.unit, self.scale = name, unit, scale

    def __str__(self):
        return "%s %s %s%s" % (self.name, "≥" if self.least else "≤", format(self.value / self.scale, ",g"), self.unit)

    def judge(self, result):
        found = result.median(result.row.subject, self.metric)
        if found is None:
            return None
        reached = found >= self.value if self.least else found <= self.value
        return reached, "%s %s%s" % (self.name, format(round(found / self.scale, 2), ",g"), self.unit)


class Row:
    """One workload: the generator's mode and arguments, who takes part, first target, goal, columns of its table. The
    targets are those of the first server, the row's subject."""

    def __init__(self, name, title, mode, servers, arguments, first=(), goal=(), columns=None, unit="message",
                 rounds=None):
        self.name, self.title, self.mode, self.servers, self.arguments = name, title, mode, servers, arguments
        self.first, self.goal, self.columns = first, goal, columns or DEFAULT_COLUMNS
        self.subject = servers[0]
        self.unit, self.rounds = unit, rounds  # rounds: at most so many, however many the run has


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
    static("static-1k", "GET of 1 KiB, 64 kept connections", "1k.bin", 64),
    static("static-100k", "GET of 100 KiB, 64 kept connections", "100k.bin", 64),
    static("static-10m", "GET of 10 MiB, 8 kept connections", "10m.bin", 8),
    static("static-close", "GET of 1 KiB, a new connection each, 64 at a time", "1k.bin", 64, "--close"),
    Row("stalled", "63 clients × 125 B beside one that sends 64 KiB messages and never reads", "stalled", [US, LIGHTTPD],
        ["-c", 63], [Limit(0.9, "rate_kept", "rate kept", least=True),
                     Limit(4 * MIB, "grown_per_stalled", "grown", " MiB", MIB)],
        columns=STALLED_COLUMNS),
]

FILES = {"1k.bin": KIB, "100k.bin": 100 * KIB, "10m.bin": 10 * MIB}
