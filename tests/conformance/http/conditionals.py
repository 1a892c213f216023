"""RFC 9110 13: conditional requests. /text.txt was modified on Sun, 06 Nov 1994 08:49:37 GMT."""

import email.utils
import os
import time

from case import Group

from .checks import get
from .servers import TEXT, Plain

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"
EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT"
FUTURE = "Fri, 31 Dec 9999 23:59:59 GMT"


def etag(case, target="/text.txt"):
    return get(case, target).get("ETag")


def conditional(case, fields, status, method="GET", target="/text.txt"):
    """`fields`: pairs, in whose values {etag} is the current one, {inner} the same without its quotes."""
    tag = etag(case, target)
    pairs = [(name, value.replace("{etag}", tag).replace("{inner}", tag.strip('"'))) for name, value in fields]
    answer = get(case, target, pairs, method)
    assert answer.status == status, f"{answer} for {pairs}"
    if status == 200:
        assert answer.body == (b"" if method == "HEAD" else TEXT.encode()), "the whole content was expected"
    return answer


def rows(group, rule, field, table):
    for name, sentence, value, status in table:
        values = value if isinstance(value, list) else [value]
        group.add(name, rule, sentence, conditional, [(field, value) for value in values], status)


none_match = Group("if-none-match", Plain)
rows(none_match, "RFC 9110 13.1.2", "If-None-Match", (
    ("same", "the current tag is 304", "{etag}", 304),
    ("other", "another tag is 200", '"other"', 200),
    ("weak", "tags are compared weakly", "W/{etag}", 304),
    ("asterisk", "* names whatever is there", "*", 304),
    ("asterisk-white-space", "white space around * is no part of it", " * ", 304),
    ("asterisk-quoted", "a star in quotes is a tag", '"*"', 200),
    ("first-of-list", "the list may begin with it", '{etag}, "b"', 304),
    ("last-of-list", "the list may end with it", '"a", "b", {etag}', 304),
    ("middle-of-list", "it may stand in the middle, without white space", '"a",{etag},"b"', 304),
    ("weak-in-list", "a weak one in a list counts, too", 'W/"a", W/{etag}', 304),
    ("list-of-others", "a list of others is 200", '"a", "b", W/"c"', 200),
    ("empty-elements", "empty elements of the list are ignored", ' , "a", , {etag} ,', 304),
    ("comma-inside", "a comma may stand in a tag", '"a,b", {etag}', 304),
    ("comma-splits-nothing", "and does not make two of one", '"x,{inner}"', 200),
    ("second-field", "two fields are one list", ['"a"', "{etag}"], 304),
    ("empty-tag", "a tag may be empty", '"", {etag}', 304),
    ("prefix", "a tag that begins so is another one", '"{inner}x"', 200),
    ("shorter", "and so is one that is a part", '"{inner}', 200),
    ("unquoted", "a tag has quotes", "{inner}", 200),
    ("single-quotes", "and they are double", "'{inner}'", 200),
    ("lower-case-weak", "W has a capital", "w/{etag}", 200),
    ("backslash", "a backslash escapes nothing in a tag", '"a\\", {etag}', 304),
))
none_match.add("head", "RFC 9110 13.1.2", "HEAD is 304, too", conditional, [("If-None-Match", "{etag}")], 304, "HEAD")
none_match.add("of-post", "RFC 9110 13.2.1", "a precondition changes nothing where the answer is no success anyway", conditional,
               [("If-None-Match", "*"), ("Content-Length", "0")], 405, "POST")
none_match.add("large", "RFC 9110 13.1.2", "it is no different for what is sent from its descriptor", conditional,
               [("If-None-Match", "{etag}")], 304, "GET", "/large.bin")


@none_match.case("of-nothing", "RFC 9110 13.2.1", "what is not there is 404 whatever the precondition")
def _(case):
    assert get(case, "/none", {"If-None-Match": "*"}).status == 404


@none_match.case("of-a-redirect", "RFC 9110 13.2.1", "a redirect is one whatever the precondition")
def _(case):
    assert get(case, "/folder", {"If-None-Match": "*"}).status == 301


@none_match.case("fields", "RFC 9110 15.4.5", "a 304 has the fields of the 200 that tell of caching, and no content")
def _(case):
    whole = get(case)
    answer = get(case, headers={"If-None-Match": "*"})
    for name in ("ETag", "Cache-Control", "Vary", "Expires", "Content-Location"):
        assert answer.get(name) == whole.get(name), name
    assert answer.get("Date") and answer.get("Content-Length") in (None, str(len(TEXT))), answer
    assert answer.get("Transfer-Encoding") is None and answer.body == b"", answer


@none_match.case("varies", "RFC 9110 15.4.5", "a 304 of what is there compressed, too, has Vary")
def _(case):
    answer = get(case, "/page.html", {"If-None-Match": "*", "Accept-Encoding": "gzip"})
    assert answer.status == 304 and "accept-encoding" in answer.get("Vary").lower(), answer


@none_match.case("encoding", "RFC 9110 8.8.3.3", "the tag of one encoding is not that of another")
def _(case):
    plain, packed = (get(case, "/page.html", {"Accept-Encoding": coding}).get("ETag") for coding in ("identity", "gzip"))
    assert plain != packed
    assert get(case, "/page.html", {"Accept-Encoding": "gzip", "If-None-Match": plain}).status == 200
    assert get(case, "/page.html", {"Accept-Encoding": "gzip", "If-None-Match": packed}).status == 304


match = Group("if-match", Plain)
rows(match, "RFC 9110 13.1.1", "If-Match", (
    ("same", "the current tag is 200", "{etag}", 200),
    ("other", "another tag is 412", '"other"', 412),
    ("weak", "tags are compared strongly: a weak one never matches", "W/{etag}", 412),
    ("asterisk", "* names whatever is there", "*", 200),
    ("in-list", "one of a list suffices", '"a", {etag}', 200),
    ("weak-beside", "a weak one beside it harms nothing", 'W/"a", {etag}', 200),
    ("list-of-others", "a list of others is 412", '"a", "b"', 412),
    ("second-field", "two fields are one list", ['"a"', "{etag}"], 200),
    ("unquoted", "a tag has quotes", "{inner}", 412),
    ("asterisk-quoted", "a star in quotes is a tag", '"*"', 412),
))
match.add("head", "RFC 9110 13.1.1", "HEAD is 412, too", conditional, [("If-Match", '"x"')], 412, "HEAD")
match.add("of-post", "RFC 9110 13.2.1", "a precondition changes nothing where the answer is no success anyway", conditional,
          [("If-Match", '"x"'), ("Content-Length", "0")], 405, "POST")


@match.case("of-nothing", "RFC 9110 13.2.1", "what is not there is 404 whatever the precondition")
def _(case):
    assert get(case, "/none", {"If-Match": "*"}).status == 404


@match.case("no-validators-in-412", "RFC 9110 15.5.13", "a 412 does not carry the content it did not send")
def _(case):
    answer = get(case, headers={"If-Match": '"x"'})
    assert answer.status == 412 and TEXT[:20].encode() not in answer.body and answer.get("Last-Modified") is None, answer


since = Group("if-modified-since", Plain)
rows(since, "RFC 9110 13.1.3", "If-Modified-Since", (
    ("same", "the very date is 304", DATE, 304),
    ("later", "a later date is 304", LATER, 304),
    ("earlier", "a second earlier is 200", EARLIER, 200),
    ("epoch", "so is 1970", EPOCH, 200),
    ("far-future", "so far ahead as a date can be is 304", FUTURE, 304),
    ("rfc850", "the form of RFC 850 is read", "Sunday, 06-Nov-94 08:49:37 GMT", 304),
    ("rfc850-earlier", "and compared", "Sunday, 06-Nov-94 08:49:36 GMT", 200),
    ("asctime", "the form of asctime is read", "Sun Nov  6 08:49:37 1994", 304),
    ("asctime-earlier", "and compared", "Sun Nov  6 08:49:36 1994", 200),
    ("asctime-two-digits", "with two digits of the day as well", "Wed Nov 16 08:49:37 1994", 304),
    ("leap-second", "a second may be the 60th", "Sat, 31 Dec 2016 23:59:60 GMT", 304),
    ("leap-day", "a leap year has its day", "Thu, 29 Feb 1996 00:00:00 GMT", 304),
))
for name, sentence, value in (
    ("empty", "no date", ""),
    ("word", "a word", "yesterday"),
    ("number", "seconds", "9999999999"),
    ("iso", "the form of ISO 8601", "2020-11-06T08:49:37Z"),
    ("day-32", "a day that no month has", "Sun, 32 Nov 2020 08:49:37 GMT"),
    ("february-30", "a day that this month lacks", "Sun, 30 Feb 2020 08:49:37 GMT"),
    ("no-leap-day", "a leap day of an ordinary year", "Sun, 29 Feb 2021 08:49:37 GMT"),
    ("day-0", "a day 0", "Sun, 00 Nov 2020 08:49:37 GMT"),
    ("hour-24", "an hour 24", "Sun, 08 Nov 2020 24:49:37 GMT"),
    ("minute-60", "a minute 60", "Sun, 08 Nov 2020 08:60:37 GMT"),
    ("second-61", "a second 61", "Sun, 08 Nov 2020 08:49:61 GMT"),
    ("zone", "another zone", "Sun, 08 Nov 2020 08:49:37 CET"),
    ("numeric-zone", "a zone of digits", "Sun, 08 Nov 2020 08:49:37 +0000"),
    ("no-zone", "no zone", "Sun, 08 Nov 2020 08:49:37"),
    ("utc", "UTC for GMT", "Sun, 08 Nov 2020 08:49:37 UTC"),
    ("lower-case", "small letters: dates have case", "sun, 08 nov 2020 08:49:37 gmt"),
    ("one-digit-day", "a day of one digit", "Sun, 8 Nov 2020 08:49:37 GMT"),
    ("two-digit-year", "a year of two digits in this form", "Sun, 08 Nov 20 08:49:37 GMT"),
    ("no-week-day", "no day of the week", "08 Nov 2020 08:49:37 GMT"),
    ("unknown-month", "an unknown month", "Sun, 08 Foo 2020 08:49:37 GMT"),
    ("two-spaces", "white space too much", "Sun,  08 Nov 2020 08:49:37 GMT"),
    ("behind", "words behind it", "Sun, 08 Nov 2020 08:49:37 GMT; length=10000"),
    ("list", "a list of dates", "Sun, 08 Nov 2020 08:49:37 GMT, Sun, 08 Nov 2020 08:49:37 GMT"),
    ("quoted", "quotes", '"Sun, 08 Nov 2020 08:49:37 GMT"'),
):
    since.add("ignored-" + name, "RFC 9110 13.1.3", f"what is no date is ignored: {sentence}", conditional,
              [("If-Modified-Since", value)], 200)
since.add("ignored-twice", "RFC 9110 13.1.3", "a field with more than one member is ignored", conditional,
          [("If-Modified-Since", DATE), ("If-Modified-Since", DATE)], 200)
since.add("head", "RFC 9110 13.1.3", "HEAD is 304, too", conditional, [("If-Modified-Since", DATE)], 304, "HEAD")
since.add("of-post", "RFC 9110 13.1.3", "it is for GET and HEAD", conditional,
          [("If-Modified-Since", DATE), ("Content-Length", "0")], 405, "POST")


@since.case("own-last-modified", "RFC 9110 8.8.2", "the date that was told is 304 when it comes back")
def _(case):
    told = get(case).get("Last-Modified")
    assert told == DATE, told
    assert get(case, headers={"If-Modified-Since": told}).status == 304


def two_digits(years):
    """The form of RFC 850 of a day so many years from now."""
    return f"06-Nov-{(time.gmtime().tm_year + years) % 100:02} 08:49:37 GMT"


@since.case("rfc850-near-future", "RFC 9110 5.6.7", "two digits within the next 50 years are of this time")
def _(case):
    conditional(case, [("If-Modified-Since", "Sunday, " + two_digits(40))], 304)


@since.case("rfc850-far-future", "RFC 9110 5.6.7", "two digits more than 50 years ahead are past")
def _(case):
    # 2076 read as 1976 is before 1994, as it should; in the year 2076 and later the file would have to be newer.
    conditional(case, [("If-Modified-Since", "Sunday, " + two_digits(52))], 200)


unmodified = Group("if-unmodified-since", Plain)
rows(unmodified, "RFC 9110 13.1.4", "If-Unmodified-Since", (
    ("same", "the very date is 200", DATE, 200),
    ("later", "a later date is 200", LATER, 200),
    ("earlier", "a second earlier is 412", EARLIER, 412),
    ("epoch", "so is 1970", EPOCH, 412),
    ("far-future", "so far ahead as a date can be is 200", FUTURE, 200),
    ("rfc850", "the form of RFC 850 is read", "Sunday, 06-Nov-94 08:49:36 GMT", 412),
    ("asctime", "the form of asctime is read", "Sun Nov  6 08:49:36 1994", 412),
    ("word", "what is no date is ignored", "yesterday", 200),
    ("zone", "a date in another zone is none", "Sun, 06 Nov 1994 08:49:36 CET", 200),
    ("list", "a list of dates is ignored", f"{EPOCH}, {EPOCH}", 200),
    ("twice", "two fields are a list of dates", [EPOCH, EPOCH], 200),
))
unmodified.add("head", "RFC 9110 13.1.4", "HEAD is 412, too", conditional, [("If-Unmodified-Since", EARLIER)], 412, "HEAD")

precedence = Group("precedence", Plain)
for name, sentence, fields, status in (
    ("match-over-unmodified", "If-Match that holds makes If-Unmodified-Since count no more",
     [("If-Match", "{etag}"), ("If-Unmodified-Since", EPOCH)], 200),
    ("failed-match", "If-Match that fails is 412 though the date would do",
     [("If-Match", '"x"'), ("If-Unmodified-Since", FUTURE)], 412),
    ("match-then-none-match", "behind If-Match that holds comes If-None-Match", [("If-Match", "{etag}"), ("If-None-Match", "{etag}")], 304),
    ("failed-match-before-none-match", "If-Match fails before If-None-Match is asked",
     [("If-None-Match", "{etag}"), ("If-Match", '"x"')], 412),
    ("unmodified-then-none-match", "behind If-Unmodified-Since that holds comes If-None-Match",
     [("If-Unmodified-Since", DATE), ("If-None-Match", "*")], 304),
    ("failed-unmodified-before-none-match", "If-Unmodified-Since fails before If-None-Match is asked",
     [("If-None-Match", "*"), ("If-Unmodified-Since", EARLIER)], 412),
    ("none-match-over-since", "If-None-Match makes If-Modified-Since count no more: another tag is 200",
     [("If-None-Match", '"x"'), ("If-Modified-Since", FUTURE)], 200),
    ("none-match-over-earlier-since", "and the same tag is 304", [("If-None-Match", "{etag}"), ("If-Modified-Since", EPOCH)], 304),
    ("match-then-since", "behind If-Match that holds comes If-Modified-Since", [("If-Match", "*"), ("If-Modified-Since", DATE)], 304),
    ("unmodified-and-since", "both dates may be equal", [("If-Unmodified-Since", DATE), ("If-Modified-Since", DATE)], 304),
    ("all-hold", "when all hold it is 200",
     [("If-Match", "*"), ("If-None-Match", '"x"'), ("If-Unmodified-Since", EPOCH), ("If-Modified-Since", FUTURE)], 200),
    ("none-match-before-range", "304 comes before Range", [("If-None-Match", "*"), ("Range", "bytes=0-9")], 304),
    ("since-before-range", "also by date", [("If-Modified-Since", DATE), ("Range", "bytes=0-9")], 304),
    ("match-before-range", "412 comes before Range", [("If-Match", '"x"'), ("Range", "bytes=0-9")], 412),
    ("unmodified-before-range", "also by date", [("If-Unmodified-Since", EARLIER), ("Range", "bytes=0-9")], 412),
    ("none-match-before-bad-range", "304 comes before 416", [("If-None-Match", "*"), ("Range", "bytes=10000-")], 304),
    ("match-before-bad-range", "412 comes before 416", [("If-Match", '"x"'), ("Range", "bytes=10000-")], 412),
    ("match-and-range", "a precondition that holds leaves Range alone", [("If-Match", "{etag}"), ("Range", "bytes=0-9")], 206),
    ("none-match-and-range", "so does another tag", [("If-None-Match", '"x"'), ("Range", "bytes=0-9")], 206),
):
    precedence.add(name, "RFC 9110 13.2.2", sentence, conditional, fields, status)

if_range = Group("if-range", Plain)
RANGE = ("Range", "bytes=0-9")
for name, sentence, fields, status in (
    ("same", "the current tag: the range is sent", [RANGE, ("If-Range", "{etag}")], 206),
    ("other", "another tag: all is sent", [RANGE, ("If-Range", '"x"')], 200),
    ("weak", "a weak tag never matches", [RANGE, ("If-Range", "W/{etag}")], 200),
    ("list", "a list is no tag", [RANGE, ("If-Range", '{etag}, "b"')], 200),
    ("asterisk", "* is no tag", [RANGE, ("If-Range", "*")], 200),
    ("unquoted", "a tag has quotes", [RANGE, ("If-Range", "{inner}")], 200),
    ("date", "the very date: the range is sent", [RANGE, ("If-Range", DATE)], 206),
    ("earlier", "an earlier date: all is sent", [RANGE, ("If-Range", EARLIER)], 200),
    ("later", "a later date does not match either", [RANGE, ("If-Range", LATER)], 200),
    ("future", "nor does one to come", [RANGE, ("If-Range", FUTURE)], 200),
    ("rfc850", "the date may have the form of RFC 850", [RANGE, ("If-Range", "Sunday, 06-Nov-94 08:49:37 GMT")], 206),
    ("asctime", "or that of asctime", [RANGE, ("If-Range", "Sun Nov  6 08:49:37 1994")], 206),
    ("word", "what is neither tag nor date: all is sent", [RANGE, ("If-Range", "always")], 200),
    ("without-range", "without Range it means nothing", [("If-Range", "{etag}")], 200),
    ("bad-range", "416 needs a match", [("Range", "bytes=10000-"), ("If-Range", "{etag}")], 416),
    ("bad-range-other", "without one a bad range is none", [("Range", "bytes=10000-"), ("If-Range", '"x"')], 200),
    ("twice", "two of them: all is sent", [RANGE, ("If-Range", '"x"'), ("If-Range", "{etag}")], 200),
    ("first-of-two", "in either order", [RANGE, ("If-Range", "{etag}"), ("If-Range", '"x"')], 200),
    ("behind-match", "it is asked behind the others", [RANGE, ("If-Match", '"x"'), ("If-Range", "{etag}")], 412),
    ("behind-none-match", "of either kind", [RANGE, ("If-None-Match", "*"), ("If-Range", "{etag}")], 304),
):
    if_range.add(name, "RFC 9110 13.1.5", sentence, conditional, fields, status)


@if_range.case("young-date", "RFC 9110 8.8.2.2", "the date of a file that may still change in the same second does not match")
def _(case):
    path = case.on.document("young.txt", "x" * 100)
    try:
        modified = get(case, "/young.txt").get("Last-Modified")
        answer = get(case, "/young.txt", {"If-Range": modified, "Range": "bytes=0-9"})
    finally:
        os.remove(path)
    # Either that second has gone by, or the date is not strong yet.
    seconds = [email.utils.parsedate_to_datetime(date).timestamp() for date in (modified, answer.get("Date"))]
    assert answer.status == (206 if seconds[1] > seconds[0] else 200), answer
