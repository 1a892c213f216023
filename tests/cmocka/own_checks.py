"""What cannot be compared with CMocka: GoogleTest's flags and reports, files of XML, what CMocka 1.1.5 has no answer to, and
whether header and test files are complete."""
import json
import pathlib
import re
import signal
import tempfile
import xml.etree.ElementTree

import outputs

FOLDER = pathlib.Path(__file__).resolve().parent
OUR_HEADERS = [FOLDER.parent / "support" / name for name in ("cmocka.h", "cmocka/older.h")]
DEBIANS_HEADER = pathlib.Path("/usr/include/cmocka.h")
# Names in Debian's header that are no part of the interface: its guard, and what it makes up for on other systems.
NO_INTERFACE = {"CMOCKA_H_", "DOXYGEN", "__func__", "inline", "__WORDSIZE", "_UINTPTR_T", "_UINTPTR_T_DEFINED", "uintptr_t",
                "IsDebuggerPresent", "while"}


def check(count, build):
    own = str(build / "own" / "beyond.cpp.ours")
    check_interface(count)
    check_messages(count, own)
    check_hard_characters(count, own)
    check_googletest_output(count, own)
    check_googletest_flags(count, own)
    check_output_choice(count, build)
    with tempfile.TemporaryDirectory() as folder:
        check_xml_files(count, build, folder)
    check_abort(count, build)


# --- the header -------------------------------------------------------------------------------------------------------


def interface():
    """Names of macros, functions and types of Debian's header, without the copies for its documentation."""
    text = re.sub(r"/\*.*?\*/", "", DEBIANS_HEADER.read_text(), flags=re.S)
    text = re.sub(r"#ifdef DOXYGEN.*?#else", "", text, flags=re.S)
    macros = set(re.findall(r"^\s*#\s*define\s+(\w+)", text, re.M))
    plain = re.sub(r"^\s*#.*(?:\\\n.*)*", "", text, flags=re.M)
    functions = set(re.findall(r"\b(\w+)\s*\([^()]*\)[^;{]*[;{]", plain))
    types = set(re.findall(r"\b(?:struct|enum)\s+(\w+)\s*\{", plain)) | set(re.findall(r"\}\s*(\w+)\s*;", plain))
    types |= set(re.findall(r"\(\*(\w+)\)", plain))
    variables = set(re.findall(r"^extern [^;(]*?(\w+)\s*;", plain, re.M))
    return (macros | functions | types | variables) - NO_INTERFACE


def check_interface(count):
    names = {name for name in interface() if not name.startswith("__")}
    count.check("Debian's header was understood", None if len(names) > 150 else f"only {len(names)} names")
    ours = "".join(header.read_text() for header in OUR_HEADERS)
    for name in sorted(names):
        count.check(f"our header has {name}", None if re.search(rf"\b{name}\b", ours) else "it does not")
    # What stands in front of the plain text of a test file is the public part; names with an underscore are behind it.
    used = " ".join(file.read_text() for file in FOLDER.iterdir() if file.suffix in (".c", ".cpp", ".h"))
    for name in sorted(name for name in names if re.match(r"(assert|expect|check|will|mock|cmocka|test|unit|run|group|"
                                                          r"function|ignore|fail|skip|print|vprint)", name)):
        count.check(f"a test file uses {name}", None if re.search(rf"\b{name}\b", used) else "none does")
    count.equal("our header has no C++ but extern \"C\"", [],
                re.findall(r"\b(?:template|namespace|class|std::|gtest)\b", re.sub(r"/\*.*?\*/", "", ours, flags=re.S)))


# --- what a case says -------------------------------------------------------------------------------------------------

MESSAGES = {
    "throws": ("failed", "Test failed with C++ exception: thrown"),
    "throws_a_number": ("failed", "Test failed with C++ exception"),
    "googletest_assertion": ("failed", "told by GoogleTest"),
    "null_strings": ("failed", '"(null)" != "x"'),
    "null_strings_equal": ("passed", ""),
    "frees_twice": ("failed", "is not allocated by test_malloc, or freed already"),
    "frees_what_is_not_its": ("failed", "is not allocated by test_malloc, or freed already"),
    "ignored_and_another": ("failed", "No mock calls expected but called() was invoked in open_door"),
    "fails_while_an_assertion_is_expected": ("failed", "Failed"),
    "asserts_afterwards": ("failed", "ASSERT: later"),
    "fails_with_message": ("failed", "the 3 reasons"),
    "calloc_overflows": ("passed", ""),
    "fails": ("failed", '"]]>" != '),
    "passes": ("passed", ""),
    "skips": ("skipped", ""),
}
LEFT = ("answer() has remaining non-returned values.", "take: 'value' parameter still has values that haven't been checked.",
        "open_door function was expected to be called but was not.", "note: remaining item was declared here")


def check_messages(count, own):
    with tempfile.TemporaryDirectory() as folder:
        report = f"{folder}/report.xml"
        done = outputs.run(own, ["failing"], GTEST_OUTPUT=f"xml:{report}")
        groups = outputs.googletest_groups(report)
        text = pathlib.Path(report).read_text()
    count.equal("beyond: status", 14, done.status)
    count.equal("beyond: groups", ['group <&">'], [name for name, _ in groups])
    # The first of the name: another «passes» follows a setup that skips, which is a failure.
    cases = {}
    for name, outcome, message in groups[0][1]:
        if not (name == "passes" and outcome == "failed"):
            cases.setdefault(name, (outcome, message))
        else:
            count.check("beyond: a setup that skips", None if "Test setup failed" in message else message)
    for name, (outcome, message) in MESSAGES.items():
        got = cases.get(name, ("missing", ""))
        count.equal(f"beyond: {name}", outcome, got[0])
        if name != "fails_while_an_assertion_is_expected":
            count.check(f"beyond: {name} says why", None if message in got[1] else f"{got[1]!r}")
    for message in LEFT:
        count.check(f"beyond: {message}", None if message in cases["left_of_each_kind"][1] else "not said")
    count.check("GoogleTest's report names places", None if re.search(r"beyond\.cpp:\d+", text) else "it does not")
    done = outputs.run(own, ["outside"])
    count.equal("mock outside of a test ends the program", 255, done.status)
    count.check("... and says why", None if "Could not get value to mock function answer" in done.err else done.err)


def check_hard_characters(count, own):
    done = outputs.run(own, ["failing"], CMOCKA_MESSAGE_OUTPUT="XML")
    try:
        document = xml.etree.ElementTree.fromstring(done.out[done.out.index("<testsuites>"):])
    except (xml.etree.ElementTree.ParseError, ValueError) as error:
        count.check("CMocka's XML is well formed", str(error))
        return
    count.equal("a group's name in XML", 'group <&">', document[0].get("name"))
    last = document[0][-1]
    count.equal("a test's name in XML", 'a name with <&"> in it', last.get("name"))
    failure = last.find("failure")
    text = failure.text if failure is not None else ""
    count.check("a message in XML", None if text.startswith('"]]>" != "?<&""') else f"{text!r}")


# --- GoogleTest -------------------------------------------------------------------------------------------------------

GROUPS = ["first", "second", "third", "first_2"]


def check_googletest_output(count, own):
    done = outputs.run(own, ["groups"])
    for line in ("[ RUN      ] first.passes", "[       OK ] first.passes (", "[  FAILED  ] first.fails (",
                 "[  SKIPPED ] first.skips (", "beyond.cpp:", "[----------] 1 test from second", "GROUP TEARDOWN of second failed",
                 "GROUP SETUP of third failed", "[  SKIPPED ] third.passes (", "[ RUN      ] first_2.passes"):
        count.check(f"GoogleTest prints {line!r}", None if line in done.out else done.out)
    count.equal("each test runs once", 1, done.out.count("[ RUN      ] first.fails"))
    # A failed teardown of a group does not count, as in CMocka: first.fails and third's setup.
    count.equal("groups: status", 2, done.status)
    with tempfile.TemporaryDirectory() as folder:
        outputs.run(own, ["groups"], GTEST_OUTPUT=f"json:{folder}/report.json")
        report = json.loads(pathlib.Path(f"{folder}/report.json").read_text())
        count.equal("the JSON report has all groups", GROUPS, [suite["name"] for suite in report["testsuites"]])
        outputs.run(own, ["groups"], GTEST_OUTPUT=f"xml:{folder}/report.xml", CMOCKA_MESSAGE_OUTPUT="TAP")
        groups = outputs.googletest_groups(f"{folder}/report.xml")
        count.equal("the XML report has all groups beside TAP", GROUPS, [name for name, _ in groups])
        root = xml.etree.ElementTree.parse(f"{folder}/report.xml").getroot()
        fixtures = {(suite, name): (outcome, message) for suite, cases in groups for name, outcome, message in cases}
        for suite, which in (("second", "TEARDOWN"), ("third", "SETUP")):
            outcome, message = fixtures.get((suite, f"GROUP {which}"), ("missing", ""))
            count.equal(f"the report has {suite}'s {which}", "failed", outcome)
            count.check(f"the report has why {suite}'s {which} failed", None if "failed" in message else message)
        count.equal("tests of a group whose setup failed are skipped", "skipped", fixtures[("third", "passes")][0])
        count.equal("the report counts", {"tests": "10", "failures": "3"}, {name: root.get(name) for name in ("tests", "failures")})


def ran(done):
    return re.findall(r"^\[ RUN      \] (\S+)$", done.out, re.M)


def check_googletest_flags(count, own):
    # GoogleTest names those of the third group too, as skipped: its setup fails.
    third = ["third.passes", "third.fails", "third.skips"]
    all_tests = ["first.passes", "first.fails", "first.skips", "second.passes", *third, "first_2.passes"]
    count.equal("without flags", all_tests, ran(outputs.run(own, ["groups"])))
    filters = (("first.*", all_tests[:3], 1), ("none", [], 0), ("*-third.*:*.fails", ["first.passes", "first.skips",
               "second.passes", "first_2.passes"], 0), ("*.passes", ["first.passes", "second.passes", "third.passes",
               "first_2.passes"], 1))
    for pattern, expected, status in filters:
        done = outputs.run(own, ["groups"], GTEST_FILTER=pattern)
        count.equal(f"GTEST_FILTER={pattern}", expected, ran(done))
        count.equal(f"GTEST_FILTER={pattern}: status", status, done.status)
    done = outputs.run(own, ["groups"], GTEST_FILTER="first.*", CMOCKA_MESSAGE_OUTPUT="TAP")
    count.equal("GTEST_FILTER with TAP", ["1..3", "ok 1 - passes", "not ok 2 - fails", "not ok 3 # SKIP skips",
                                          "# not ok - first", "1..0", "# ok - second", "1..0", "# ok - third", "1..0",
                                          "# ok - first"],
                [line for line in done.out.splitlines() if not line.startswith(("# \"", "# tests/", "# ?", "# /"))])
    done = outputs.run(own, ["groups", "--gtest_filter=first.skips"])
    count.equal("--gtest_filter", ["first.skips"], ran(done))
    done = outputs.run(own, ["groups", "--gtest_list_tests"])
    count.equal("--gtest_list_tests", ["first.", "  passes", "  fails", "  skips", "second.", "  passes", "third.",
                                       "  passes", "  fails", "  skips", "first_2.", "  passes"], done.out.splitlines())
    count.equal("--gtest_list_tests: status", 0, done.status)
    done = outputs.run(own, ["groups"], GTEST_REPEAT="3")
    count.equal("GTEST_REPEAT: tests", sorted(all_tests * 3), sorted(ran(done)))
    count.equal("GTEST_REPEAT: status", 6, done.status)
    done = outputs.run(own, ["groups"], GTEST_SHUFFLE="1", GTEST_RANDOM_SEED="7")
    count.equal("GTEST_SHUFFLE", sorted(all_tests), sorted(ran(done)))
    shards = [ran(outputs.run(own, ["groups"], GTEST_TOTAL_SHARDS="2", GTEST_SHARD_INDEX=str(index))) for index in (0, 1)]
    count.equal("shards together", sorted(all_tests), sorted(shards[0] + shards[1]))
    count.check("each shard has tests", None if all(shards) else f"{shards}")
    done = outputs.run(own, ["groups"], GTEST_FAIL_FAST="1")
    count.equal("GTEST_FAIL_FAST", ["first.passes"], re.findall(r"^\[       OK \] (\S+)", done.out, re.M))


# --- CMocka's choices -------------------------------------------------------------------------------------------------


def form_of(text):
    for form, mark in (("XML", "<testsuites>"), ("TAP", "1.."), ("SUBUNIT", "test: prints"), ("STDOUT", "test(s) run."),
                       ("GoogleTest", "[----------] Global")):
        if mark in text:
            return form
    return "none"


def check_output_choice(count, build):
    program = str(build / "output.c.ours")
    count.equal("no output chosen", "GoogleTest", form_of(outputs.run(program).out))
    for number, form in enumerate(("STDOUT", "SUBUNIT", "TAP", "XML")):
        count.equal(f"cmocka_set_message_output({number})", form, form_of(outputs.run(program, ["output", str(number)]).out))
        reference = outputs.run(str(build / "output.c.reference"), ["output", str(number)])
        count.equal(f"cmocka_set_message_output({number}) in CMocka", form, form_of(reference.out))
    for value, form in (("tap", "TAP"), ("Xml", "XML"), ("SUBUNIT", "SUBUNIT"), ("stdout", "STDOUT"), ("other", "XML"),
                        ("", "XML")):
        for kind in ("ours", "reference"):
            done = outputs.run(str(build / f"output.c.{kind}"), ["output", "3"], CMOCKA_MESSAGE_OUTPUT=value)
            count.equal(f"CMOCKA_MESSAGE_OUTPUT={value} over XML ({kind})", form, form_of(done.out))


def check_xml_files(count, build, folder):
    for kind in ("ours", "reference"):
        program = str(build / f"output.c.{kind}")
        one, each = f"{folder}/{kind}.xml", f"{folder}/{kind}-%g.xml"
        done = outputs.run(program, CMOCKA_MESSAGE_OUTPUT="XML", CMOCKA_XML_FILE=one)
        count.equal(f"CMOCKA_XML_FILE ({kind}): nothing printed", "none", form_of(done.out + done.err))
        again = outputs.run(program, CMOCKA_MESSAGE_OUTPUT="XML", CMOCKA_XML_FILE=one)
        count.equal(f"a file that is there ({kind})", "XML", form_of(again.err))
        none = outputs.run(program, CMOCKA_MESSAGE_OUTPUT="XML", CMOCKA_XML_FILE=f"{folder}/none/file.xml")
        count.equal(f"a file that cannot be ({kind})", "XML", form_of(none.err))
        outputs.run(program, CMOCKA_MESSAGE_OUTPUT="XML", CMOCKA_XML_FILE=each)
        for group in ("tests", "second"):
            there = pathlib.Path(each.replace("%g", group))
            groups = outputs.xml_groups(there.read_text()) if there.is_file() else []
            count.equal(f"%g in CMOCKA_XML_FILE ({kind})", [group], [name for name, _ in groups])
    texts = {kind: pathlib.Path(f"{folder}/{kind}.xml").read_text() for kind in ("ours", "reference")}
    # CMocka writes a root element for each group.
    joined = texts["reference"].replace("</testsuites>\n<testsuites>\n", "")
    count.check("CMOCKA_XML_FILE", outputs.difference(joined, texts["ours"]))
    try:
        xml.etree.ElementTree.fromstring(texts["ours"])
        count.check("our file is one document", None)
    except xml.etree.ElementTree.ParseError as error:
        count.check("our file is one document", str(error))


def check_abort(count, build):
    for kind in ("ours", "reference"):
        for name, arguments in (("assertions.c", []), ("crashes.c", []), ("outside.c", ["assert"])):
            done = outputs.run(str(build / f"{name}.{kind}"), arguments, CMOCKA_TEST_ABORT="1")
            count.equal(f"CMOCKA_TEST_ABORT: {name} ({kind})", -signal.SIGABRT, done.status)
        done = outputs.run(str(build / f"groups.c.{kind}"), ["skipped"], CMOCKA_TEST_ABORT="1")
        count.equal(f"CMOCKA_TEST_ABORT: a skipped test ({kind})", 0, done.status)
        done = outputs.run(str(build / f"assertions.c.{kind}"), CMOCKA_TEST_ABORT="0")
        count.check(f"CMOCKA_TEST_ABORT=0 ({kind})", None if done.status > 0 else f"status {done.status}")
