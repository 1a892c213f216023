"""From samples to RESULTS.md. In: what each round measured. Out: medians, ratios, verdicts, Markdown."""
import datetime
import os
import pathlib
import platform
import statistics
import subprocess



class RowResult:
    """The samples of one row: server name → list by round, None where it failed or is missing."""

    def __init__(self, row):
        self.row = row
        self.samples = {name: [] for name in row.servers}
        self.notes = []

    def add(self, server, sample):
        self.samples[server].append(sample)

    def note(self, server, text):
        line = "%s: %s" % (server, text)
        if line not in self.notes:
            self.notes.append(line)

    def values(self, server, metric):
        return [sample[metric] for sample in self.samples.get(server, []) if sample and metric in sample]

    def median(self, server, metric):
        values = self.values(server, metric)
        return statistics.median(values) if values else None

    def ratio(self, metric, one, other):
        """Median over the rounds of one / other: both of a round were measured within seconds of each other."""
        pairs = [(a[metric], b[metric]) for a, b in zip(self.samples.get(one, []), self.samples.get(other, []))
                 if a and b and metric in a and metric in b]
        return statistics.median(a / b for a, b in pairs) if pairs else None

    def verdicts(self, targets):
        """Text of each target with what was found, and whether all were reached (None: not judged)."""
        texts, reached = [], []
        for target in targets:
            judged = target.judge(self)
            texts.append("%s: %s" % (target, judged[1] if judged else "not measured"))
            reached.append(judged[0] if judged else None)
        if not targets or None in reached:
            return texts, None
        return texts, all(reached)


def number(value, decimals=None):
    if value is None:
        return "–"
    if decimals is None:
        decimals = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return format(value, ",.%df" % decimals)


def word(reached):
    return {True: "**yes**", False: "no", None: "–"}[reached]


def table(headings, lines):
    out = ["| " + " | ".join(headings) + " |", "| --- |" + " ---: |" * (len(headings) - 1)]
    return out + ["| " + " | ".join(line) + " |" for line in lines]


def row_section(result):
    row = result.row
    out = ["### %s: %s" % (row.name, row.title), ""]
    with_cpu = any(result.values(server, "cpu_us") for server in row.servers)
    cpu_headings = ["CPU µs a %s" % row.unit, "lowest – highest"] if with_cpu else []
    headings = ["server"] + cpu_headings + [column[0] for column in row.columns]
    lines = []
    for server in row.servers:
        cells = [server]
        if with_cpu:
            values = result.values(server, "cpu_us")
            cells.append(number(result.median(server, "cpu_us")))
            cells.append("%s – %s" % (number(min(values)), number(max(values))) if values else "–")
        for _, metric, divisor, decimals in row.columns:
            value = result.median(server, metric)
            cells.append(number(None if value is None else value / divisor, decimals))
        lines.append(cells)
    out += table(headings, lines) + [""]
    if with_cpu:
        ratios = ["%s × %s" % (number(result.ratio("cpu_us", row.subject, server), 2), server)
                  for server in row.servers[1:] if result.ratio("cpu_us", row.subject, server) is not None]
        if ratios:
            out += ["CPU of %s: %s." % (row.subject, ", ".join(ratios)), ""]
    for title, targets in (("First target", row.first), ("Goal", row.goal)):
        texts, reached = result.verdicts(targets)
        if texts:
            out.append("- %s: %s → %s" % (title, "; ".join(texts), word(reached)))
    out += ["- " + note for note in result.notes]
    return out + [""]


def summary(results):
    lines = []
    for result in results:
        row = result.row
        _, first = result.verdicts(row.first)
        _, goal = result.verdicts(row.goal)
        ours = result.median(row.subject, "cpu_us")
        others = ["%s %s" % (server, number(result.median(server, "cpu_us")))
                  for server in row.servers[1:] if result.values(server, "cpu_us")]
        if row.mode in ("idle", "stalled", "storm"):
            metric, unit = {"idle": ("pss_bytes_per_client", " B"), "stalled": ("rate_kept", " × rate"),
                            "storm": ("p99_us_beside", " µs p99")}[row.mode]
            ours = result.median(row.subject, metric)
            others = ["%s %s" % (server, number(result.median(server, metric)))
                      for server in row.servers[1:] if result.values(server, metric)]
            mine = number(ours) + (unit if ours is not None else "")
        else:
            mine = number(ours) + (" µs" if ours is not None else "")
        lines.append([row.name, mine, ", ".join(others) or "–", "; ".join(map(str, row.first)) or "–", word(first),
                      "; ".join(map(str, row.goal)) or "–", word(goal)])
    return table(["row", "marmoset", "the others", "first target", "reached", "goal", "reached"], lines)


def machine():
    model = "unknown processor"
    for line in open("/proc/cpuinfo"):
        if line.lower().startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    system = "Linux"
    for line in open("/etc/os-release"):
        if line.startswith("PRETTY_NAME="):
            system = line.split("=", 1)[1].strip().strip('"')
    return "%s, %d cores, %s, Linux %s" % (model, os.cpu_count(), system, platform.release())


def commit(source):
    def git(*arguments):
        try:
            return subprocess.run(["git", "-C", str(source), *arguments], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return ""
    name = git("rev-parse", "--short=12", "HEAD") or "unknown"
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!tests/bench/RESULTS.md")
    return name + (" with uncommitted changes" if changed else "")


def markdown(results, settings, versions, source):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    rounds = "%d round%s" % (settings.rounds, "s" * (settings.rounds != 1))
    out = ["# What marmoset costs, beside others", "",
           "Written by `make bench`; how to read it: [README.md](README.md).", "",
           "- Machine: %s" % machine(),
           "- Commit: %s, %s" % (commit(source), now),
           "- Method: %s, %g s a measurement behind %g s of warm-up, servers interleaved; server and system server on "
           "core %d, generator on core %d; medians; CPU is that of all processes between client and back, from the "
           "scheduler." % (rounds, settings.seconds, settings.warmup, settings.server_core, settings.load_core),
           "- Peers: %s" % (", ".join("%s %s" % pair for pair in versions.items()) or "none"),
           "- Load of the machine, one minute's average: %.2f before, %.2f after (the bench itself makes up to 2)"
           % (settings.load_before, os.getloadavg()[0]), ""]
    if settings.server_core == settings.load_core:
        out += ["**Only one core: generator and servers share it; throughput and latency mean little.**", ""]
    out += ["## Summary", ""] + summary(results) + ["", "## Rows", ""]
    for result in results:
        out += row_section(result)
    return "\n".join(out).rstrip() + "\n"


def write(path, text):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
