"""CMocka's and GoogleTest's outputs: running a program, reading how its cases ended, comparing two of them."""
import itertools
import os
import re
import resource
import subprocess
import xml.etree.ElementTree

FORMATS = ("STDOUT", "TAP", "SUBUNIT", "XML")
SECONDS = 120
# What a caller's environment could hold and would change the outcome.
OWN_VARIABLES = re.compile(r"CMOCKA_|GTEST_|TEST_TOTAL_SHARDS|TEST_SHARD_INDEX|XML_OUTPUT_FILE")


class Finished:
    """A program that has ended: status (negative: the signal), out, err."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


def run(program, arguments=(), **variables):
    environment = {name: value for name, value in os.environ.items() if not OWN_VARIABLES.match(name)}
    environment.update(variables)
    done = subprocess.run([program, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=SECONDS, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)))
    return Finished(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


# --- texts ------------------------------------------------------------------------------------------------------------
# CMocka 1.1.5 prints «%s» for some names and bytes above 0x7f as negative ones, names lines of its own source, and joins a
# place and what follows it.
PLACE_IN_CMOCKA = "PLACE-IN-CMOCKA"
REPLACED = (
    (r"\b0x[0-9a-f]{12}\b", "ADDRESS"),
    (r'time="[0-9.]+"', 'time="T"'),
    (r"[\w%]+\(\) has remaining", "NAME() has remaining"),
    (r"(?:\w+: )?'[\w%]+' parameter still has", "PARAMETER still has"),
    (r"[\w%]+ function was expected", "NAME function was expected"),
    (r"(Failure!|exception: [^\n(]*\(\d+\))(?=\w)", r"\1\n"),
    (r"(?<=difference at offset )\d+ .*", lambda found: found.group().replace("0xffffff", "0x")),
    (r"\./src/cmocka\.c:\d+", PLACE_IN_CMOCKA),
)


def lines_of(text):
    for pattern, replacement in REPLACED:
        text = re.sub(pattern, replacement, text)
    return text.splitlines()


def same_line(reference, ours):
    if PLACE_IN_CMOCKA not in reference:
        return reference == ours
    return re.fullmatch(re.escape(reference).replace(re.escape(PLACE_IN_CMOCKA), r"[^\s:]+:\d+"), ours) is not None


def difference(reference, ours, prefix=False):
    """Where two texts differ, or None. With prefix ours may go on where the reference ends."""
    pairs = itertools.zip_longest(lines_of(reference), lines_of(ours))
    for number, (expected, got) in enumerate(pairs, 1):
        if expected is None and prefix:
            return None
        if expected is None or got is None or not same_line(expected, got):
            return f"line {number}: {expected!r} became {got!r}"
    return None


# --- cases ------------------------------------------------------------------------------------------------------------
# Each reader: a list of groups, a group a pair (name, cases), a case a triple (name, outcome, message).


def subunit_cases(text):
    """The groups are not told apart in this form."""
    cases = []
    # What a test itself prints stands between its lines.
    pattern = re.compile(r"^(success|skip): ([^\n]*)$|^failure: ([^\n]*) \[\n(.*?)\n\]$|"
                         r"^error: ([^\n]*?) \[ Could not run test: (.*?) \]$", re.M | re.S)
    for found in pattern.finditer(text):
        plain, name, failed, why, broken, reason = found.groups()
        if plain:
            cases.append((name, "passed" if plain == "success" else "skipped", ""))
        elif failed:
            cases.append((failed, "failed", why))
        else:
            cases.append((broken, "error", reason))
    return cases


def xml_groups(text):
    """CMocka's XML: what stands in front of a document (the tests' own output) is passed over, documents may follow."""
    groups = []
    for document in re.findall(r"<testsuites>.*?</testsuites>", text, re.S):
        for suite in xml.etree.ElementTree.fromstring(document):
            cases = []
            for case in suite:
                failure = case.find("failure")
                outcome = "failed" if failure is not None else "passed"
                if case.find("skipped") is not None:
                    outcome = "skipped"
                cases.append((case.get("name"), outcome, failure.text or "" if failure is not None else ""))
            groups.append((suite.get("name"), cases))
    return groups


def googletest_groups(path):
    """GoogleTest's XML report."""
    groups = []
    for suite in xml.etree.ElementTree.parse(path).getroot():
        cases = []
        for case in suite:
            if case.get("name") and case.get("result") != "suppressed" and case.get("status") != "notrun":
                failures = [failure.get("message") for failure in case.findall("failure")]
                outcome = "failed" if failures else "skipped" if case.find("skipped") is not None else "passed"
                cases.append((case.get("name"), outcome, "\n".join(failures)))
        groups.append((suite.get("name"), cases))
    return groups
