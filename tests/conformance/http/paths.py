"""RFC 3986: what a path names; RFC 9110 15.4: redirects to folders."""

import email.utils
import os
import time

from bounds import wait_for
from case import Group

from .checks import answers, get
from .servers import Names, Traps, Unlinked

names = Group("names", Names)


def names_file(case, target, name):
    answers(case, target, 200, b"content of " + name.encode())


for name, sentence, target, file in (
    ("space", "a space has an escape", "/a%20b.txt", "a b.txt"),
    ("letter", "a letter may have one, too", "/a%20%62.txt", "a b.txt"),
    ("lower-case-digits", "its digits have no case", "/semi%3bcolon.txt", "semi;colon.txt"),
    ("upper-case-digits", "whichever", "/semi%3Bcolon.txt", "semi;colon.txt"),
    ("once", "escapes are decoded once", "/x%2541.txt", "x%41.txt"),
    ("question-mark", "an escaped question mark begins no query", "/q%3F.txt", "q?.txt"),
    ("hash", "an escaped # begins no fragment", "/hash%23.txt", "hash#.txt"),
    ("plus", "a plus sign is no space", "/plus+sign.txt", "plus+sign.txt"),
    ("plus-escaped", "nor is an escaped one", "/plus%2Bsign.txt", "plus+sign.txt"),
    ("semicolon", "a semicolon parts nothing", "/semi;colon.txt", "semi;colon.txt"),
    ("ampersand", "an ampersand stands for itself", "/amp&.txt", "amp&.txt"),
    ("equals", "so does an equals sign", "/equals=.txt", "equals=.txt"),
    ("tilde", "so does a tilde", "/tilde~.txt", "tilde~.txt"),
    ("tilde-escaped", "escaped or not", "/tilde%7E.txt", "tilde~.txt"),
    ("colon", "so does a colon", "/colon:.txt", "colon:.txt"),
    ("at-sign", "so does @", "/at@.txt", "at@.txt"),
    ("dollar", "so does $", "/dollar$.txt", "dollar$.txt"),
    ("comma", "so does a comma", "/comma,.txt", "comma,.txt"),
    ("apostrophe", "so does '", "/quote'.txt", "quote'.txt"),
    ("parentheses", "so do parentheses", "/paren(1).txt", "paren(1).txt"),
    ("star", "so does a star: it is no pattern", "/star*.txt", "star*.txt"),
    ("exclamation-mark", "so does !", "/bang!.txt", "bang!.txt"),
    ("pipe", "what browsers do not escape is let through", "/pipe|.txt", "pipe|.txt"),
    ("caret", "^ as well", "/caret^.txt", "caret^.txt"),
    ("brackets", "and brackets", "/square[1].txt", "square[1].txt"),
    ("utf-8", "escapes of UTF-8 are its bytes", "/r%C3%A9sum%c3%a9.txt", "r\u00e9sum\u00e9.txt"),
    ("utf-8-longer", "of three bytes, too", "/%E6%97%A5%E6%9C%AC.txt", "\u65e5\u672c.txt"),
    ("line-feed", "a name may hold a line feed", "/line%0Afeed.txt", "line\nfeed.txt"),
    ("three-dots", "three dots are a name", "/...", "..."),
    ("dots-and-letter", "what begins with two dots is a name", "/..a", "..a"),
    ("letter-and-dots", "what ends with them is one", "/a..", "a.."),
    ("three-dots-escaped", "also escaped", "/%2e%2e%2e", "..."),
    ("long", "a name may have 255 bytes", "/" + "n" * 251 + ".txt", "n" * 251 + ".txt"),
    ("dot-segment", "a segment . is removed", "/./deep/./er/./file.txt", "deep/er/file.txt"),
    ("dot-segment-escaped", "escaped it is the same", "/%2e/deep/%2E/er/file.txt", "deep/er/file.txt"),
    ("dots-segment", "a segment .. takes one away", "/deep/x/../er/file.txt", "deep/er/file.txt"),
    ("dots-segment-escaped", "escaped it is the same", "/deep/x/%2e%2e/er/file.txt", "deep/er/file.txt"),
    ("dots-segment-half-escaped", "and half escaped", "/deep/x/.%2e/er/file.txt", "deep/er/file.txt"),
    ("dots-segments", "several take several", "/a/b/c/../../../deep/er/file.txt", "deep/er/file.txt"),
    ("slashes", "empty segments add nothing", "//deep///er//file.txt", "deep/er/file.txt"),
    ("slashes-and-dots", "nor do they save one from ..", "/deep//..//deep/er/file.txt", "deep/er/file.txt"),
    ("query", "a query is no part of a name", "/a%20b.txt?/../x", "a b.txt"),
):
    names.add(name, "RFC 3986 6.2.2", sentence, names_file, target, file)

for name, sentence, target, statuses in (
    ("twice-decoded", "escapes are not decoded twice", "/a%2520b.txt", (404,)),
    ("plus-for-space", "+ is not read as a space", "/a+b.txt", (404,)),
    ("other-case", "names have case", "/upper.txt", (404,)),
    ("parameter", "what follows a semicolon is the name's", "/a%20b.txt;v=1", (404,)),
    ("slash-behind", "a file is no folder", "/upper.txt/", (404,)),
    ("file-slash", "not even one that is there", "/UPPER.TXT/", (404,)),
    ("path-behind", "nothing lies below a file", "/UPPER.TXT/x", (404,)),
    ("too-long-name", "a name of 300 bytes is not there", "/" + "n" * 300, (404,)),
    ("too-long-path", "a path of 5,000 bytes is not there", "/" + "d/" * 2500, (404,)),
    ("nul", "a NUL ends no name", "/UPPER.TXT%00.html", (400, 404)),
    ("nul-alone", "a NUL is no name", "/%00", (400, 404)),
    ("escaped-slash", "an escaped slash parts no segments", "/deep%2Fer%2Ffile.txt", (400, 404)),
    ("backslash", "a backslash parts no segments", "/deep\\er\\file.txt", (400, 404)),
    ("backslash-escaped", "an escaped one neither", "/deep%5Cer%5Cfile.txt", (400, 404)),
    ("above", "nothing lies above the root", "/..", (400, 404)),
    ("above-slash", "with a slash neither", "/../", (400, 404)),
    ("above-and-back", "not even what leads back", "/../documents/UPPER.TXT", (400, 404)),
    ("above-escaped", "nor escaped", "/%2e%2e/documents/UPPER.TXT", (400, 404)),
    ("above-half-escaped", "nor half escaped", "/.%2E/documents/UPPER.TXT", (400, 404)),
    ("above-behind-folder", "nor out of a folder", "/deep/../../documents/UPPER.TXT", (400, 404)),
    ("above-with-slashes", "empty segments are none to go back", "/deep///../../documents/UPPER.TXT", (400, 404)),
    ("above-escaped-slash", "nor with an escaped slash", "/..%2Fdocuments/UPPER.TXT", (400, 404)),
    ("above-backslash", "nor with a backslash", "/..\\documents/UPPER.TXT", (400, 404)),
    ("above-backslash-escaped", "nor with an escaped one", "/..%5Cdocuments/UPPER.TXT", (400, 404)),
    ("above-twice-escaped", "nor with two decodings", "/%252e%252e/documents/UPPER.TXT", (400, 404)),
    ("above-nul", "nor with a NUL", "/..%00/documents/UPPER.TXT", (400, 404)),
    ("above-parameter", "nor with a parameter", "/..;/documents/UPPER.TXT", (400, 404)),
    ("above-absolute", "nor in absolute-form", "http://localhost/../documents/UPPER.TXT", (400, 404)),
    ("overlong-slash", "an overlong slash is none", "/deep%C0%AFer%C0%AFfile.txt", (400, 404)),
    ("overlong-slash-3", "nor is one of three bytes", "/deep%E0%80%AFer%E0%80%AFfile.txt", (400, 404)),
    ("overlong-dots", "overlong dots are none", "/%C0%AE%C0%AE/documents/UPPER.TXT", (400, 404)),
    ("fullwidth-dots", "nor are other characters that look so", "/%EF%BC%8E%EF%BC%8E/documents/UPPER.TXT", (400, 404)),
    ("bad-utf-8", "bytes that are no UTF-8 are a name that is not there", "/%FF%FE", (400, 404)),
    ("absolute-path", "an absolute name stays below the root", "//etc/passwd", (404,)),
    ("drive", "there are no drives", "/C:/UPPER.TXT", (404,)),
):
    def absent(case, target, statuses):
        client = case.http()
        client.request("GET", target)
        answer = client.response()
        assert answer.status in statuses, answer
        assert b"content of" not in answer.body
    names.add("no-" + name, "RFC 3986 6.2.2", sentence, absent, target, statuses)

folders = Group("folders", Names)
for name, sentence, target, location in (
    ("slash", "a folder without its slash is redirected to it", "/deep/er", "/deep/er/"),
    ("query", "the query stays", "/deep/er?a=b&c", "/deep/er/?a=b&c"),
    ("empty-query", "though it be empty", "/deep/er?", "/deep/er/?"),
    ("escapes", "a name is escaped anew", "/sp%20ace", "/sp%20ace/"),
    ("utf-8", "byte by byte", "/%c3%a9t%c3%a9", "/%C3%A9t%C3%A9/"),
    ("question-mark", "a question mark of a name stays escaped", "/que%3Fry", "/que%3Fry/"),
    ("slashes", "two slashes in front would name a host (RFC 3986 4.2)", "//deep//er", "/deep/er/"),
    ("dots", "dots are gone", "/x/../deep/./er", "/deep/er/"),
    ("line-ends", "line ends of a name make no fields", "/cr%0D%0AX-Evil:%20yes", "/cr%0D%0AX-Evil:%20yes/"),
):
    def redirected(case, target, location):
        answer = get(case, target)
        assert answer.status == 301 and answer.get("Location") == location, answer
        assert answer.get("X-Evil") is None, answer
        assert get(case, location).body == b"index", "the redirect leads nowhere"
    folders.add(name, "RFC 9110 15.4.2", sentence, redirected, target, location)

folders.add("index", "browsers rely on it", "a folder with its slash is its index", answers, "/deep/er/", 200, b"index")
folders.add("index-by-dot", "RFC 3986 5.2.4", "/. is the folder", answers, "/deep/er/.", 200, b"index")
folders.add("index-by-dots", "RFC 3986 5.2.4", "/.. is the folder above", answers, "/deep/er/x/..", 200, b"index")
folders.add("no-index", "RFC 9110 15.5.5", "a folder without an index is not listed", answers, "/deep/", 404)
folders.add("head", "RFC 9110 9.3.2", "HEAD is redirected, too", answers, "/deep/er", 301, b"", (), "HEAD")

traps = Group("traps", Traps)
for name, sentence, target, status, body in (
    ("file", "a file is served", "/inside.txt", 200, b"inside"),
    ("link-to-file", "a link to a file of the root is", "/to-file", 200, b"inside"),
    ("link-to-folder", "so is what lies behind one to a folder", "/to-folder/deep.txt", 200, b"deep"),
    ("link-upwards", "and one that leads up within the root", "/folder/up", 200, b"inside"),
    ("link-to-root", "and one to the root itself", "/to-root/to-root/inside.txt", 200, b"inside"),
    ("link-to-folder-redirects", "a link to a folder is one", "/to-folder", 301, None),
    ("link-outside", "a link out of the root is not followed", "/to-outside", 404, None),
    ("link-absolute-outside", "nor is an absolute one", "/absolute-outside", 404, None),
    ("link-absolute-inside", "even one that leads back in: where the root lies is none of its affairs", "/absolute-inside", 404, None),
    ("link-folder-outside", "nor is one to a folder outside", "/folder-outside/secret.txt", 404, None),
    ("link-folder-outside-bare", "which is no folder of ours either", "/folder-outside", 404, None),
    ("link-to-parent", "nor is one to the folder above", "/to-parent/outside/secret.txt", 404, None),
    ("link-chain", "nor is a chain that ends outside", "/chain", 404, None),
    ("link-dangling", "a link to nothing is nothing", "/dangling", 404, None),
    ("link-loop", "so is one to itself", "/loop", 404, None),
    ("link-to-device", "a device is not read", "/to-device", 404, None),
    ("link-to-proc", "nor is a process", "/to-proc", 404, None),
    ("fifo", "a FIFO is not opened: nobody may ever write to it", "/fifo", 404, None),
    ("socket", "a socket is no file", "/socket", 404, None),
    ("fifo-slash", "nor is a FIFO a folder", "/fifo/", 404, None),
    ("fifo-index", "an index that is a FIFO is none", "/pipe-index/", 404, None),
    ("folder-index", "nor is one that is a folder", "/folder-index/", 404, None),
    ("link-index", "nor one that leads outside", "/link-index/", 404, None),
    ("no-index", "a folder without index is not there", "/bare/", 404, None),
    ("unreadable", "what the server may not read is forbidden", "/unreadable.txt", 403, None),
    ("closed-folder", "so is what lies in a folder that it may not enter", "/closed/file.txt", 403, None),
):
    traps.add(name, "RFC 9110 17.3", sentence, answers, target, status, body)

for name, sentence, target, body in (
    ("neighbour-outside", "a compressed neighbour outside is not sent", "/neighbour.txt", b"neighbour"),
    ("neighbour-fifo", "nor is one that is a FIFO", "/piped.txt", b"piped"),
    ("neighbour-stale", "nor is one that is older than the file", "/stale.txt", b"current"),
    ("neighbour-unreadable", "nor is one that may not be read", "/half.html", b"whole"),
):
    traps.add(name, "RFC 9110 17.3", sentence, answers, target, 200, body, {"Accept-Encoding": "gzip, br"})


@traps.case("fifo-holds-nobody-up", "RFC 9110 17.3", "others are served while a FIFO is asked for")
def _(case):
    clients = [case.http() for _ in range(20)]
    for client in clients:
        client.request("GET", "/fifo")
    assert get(case, "/inside.txt").body == b"inside"
    assert {client.response().status for client in clients} == {404}


@traps.case("refusals-tell-nothing", "RFC 9110 17.3", "a refusal does not tell where a link leads or where the root lies")
def _(case):
    for target in ("/to-outside", "/unreadable.txt", "/closed/file.txt", "/folder-outside"):
        answer = get(case, target)
        assert b"secret" not in answer.body and case.on.folder.encode() not in answer.body, answer


@traps.case("post-to-a-fifo", "RFC 9110 17.3", "nothing is written to a FIFO")
def _(case):
    client = case.http()
    client.request("POST", "/fifo", body=b"hello")
    assert client.response().status in (404, 405)


unlinked = Group("no-links", Unlinked)
for name, sentence, target, status in (
    ("file", "where links are not wanted files are served", "/inside.txt", 200),
    ("link", "and links are not", "/to-file", 404),
    ("link-folder", "not even on the way", "/to-folder/deep.txt", 404),
):
    unlinked.add(name, "RFC 9110 17.3", sentence, answers, target, status)

changes = Group("changes", Traps)


@changes.case("appears", "RFC 9110 15.5.5", "what appears is found, what goes is not")
def _(case):
    assert get(case, "/new.txt").status == 404
    path = case.on.document("new.txt", "new")
    try:
        assert get(case, "/new.txt").body == b"new"
    finally:
        os.remove(path)
    assert get(case, "/new.txt").status == 404


@changes.case("new-content", "RFC 9110 8.8.3", "other content has another tag")
def _(case):
    path = case.on.document("changing.txt", "first")
    try:
        first = get(case, "/changing.txt")
        case.on.document("changing.txt", "second")
        second = get(case, "/changing.txt")
        assert (first.body, second.body) == (b"first", b"second")
        assert first.get("ETag") != second.get("ETag")
        assert get(case, "/changing.txt", {"If-None-Match": first.get("ETag")}).status == 200
    finally:
        os.remove(path)


@changes.case("replaced", "RFC 9110 8.8.3", "what was there for long may change, too")
def _(case):
    path = case.on.path("documents/replaced.txt")
    wait_for("a file that is no longer looked at twice", lambda: time.time() - os.stat(path).st_ctime > 0.2)
    for text in ("first", "second", "third", "first"):
        if text != "first" or get(case, "/replaced.txt").body != b"first":
            case.on.document("replaced.txt", text)
        assert get(case, "/replaced.txt").body == text.encode()


@changes.case("replaced-later", "RFC 9110 8.8.3", "also when its size and the time of its content stay")
def _(case):
    answers = [get(case, "/replaced.txt")]
    path = case.on.document("replaced.txt.new", "FIRST")
    status = os.stat(path.removesuffix(".new"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.rename(path, path.removesuffix(".new"))
    answers.append(get(case, "/replaced.txt"))
    assert [answer.body for answer in answers] == [b"first", b"FIRST"], answers


@changes.case("same-size", "RFC 9110 8.8.3", "also when its size is the same")
def _(case):
    path = case.on.document("sized.txt", "first")
    try:
        first = get(case, "/sized.txt")
        case.on.document("sized.txt", "other")
        os.utime(path, (1, 1))
        second = get(case, "/sized.txt")
        assert (second.body, second.get("Last-Modified")) == (b"other", "Thu, 01 Jan 1970 00:00:01 GMT"), second
        assert first.get("ETag") != second.get("ETag")
    finally:
        os.remove(path)


@changes.case("same-content", "RFC 9110 8.8.3", "the tag of what did not change stays, on every connection")
def _(case):
    assert len({get(case, "/inside.txt").get("ETag") for _ in range(5)}) == 1


@changes.case("future-date", "RFC 9110 8.8.2.1", "a Last-Modified is not later than Date")
def _(case):
    path = case.on.document("future.txt", "future")
    os.utime(path, (4102444800, 4102444800))
    try:
        answer = get(case, "/future.txt")
        dates = [email.utils.parsedate_to_datetime(answer.get(name)) for name in ("Last-Modified", "Date")]
        assert dates[0] <= dates[1], answer
    finally:
        os.remove(path)


@changes.case("old-date", "RFC 9110 5.6.7", "a date before 1970 is a date")
def _(case):
    path = case.on.document("old.txt", "old")
    os.utime(path, (-86400, -86400))
    try:
        assert get(case, "/old.txt").get("Last-Modified") == "Wed, 31 Dec 1969 00:00:00 GMT"
    finally:
        os.remove(path)


@changes.case("becomes-a-folder", "RFC 9110 15.4.2", "a file may become a folder")
def _(case):
    path = case.on.document("turning", "file")
    assert get(case, "/turning").body == b"file"
    os.remove(path)
    os.mkdir(path)
    try:
        assert get(case, "/turning").status == 301
    finally:
        os.rmdir(path)


@changes.case("becomes-a-fifo", "RFC 9110 17.3", "a file may become a FIFO")
def _(case):
    path = case.on.document("turning-pipe", "file")
    assert get(case, "/turning-pipe").body == b"file"
    os.remove(path)
    os.mkfifo(path)
    try:
        assert get(case, "/turning-pipe").status == 404
    finally:
        os.remove(path)


@changes.case("becomes-a-link-outside", "RFC 9110 17.3", "a file may become a link that leads outside")
def _(case):
    path = case.on.document("turning-link", "file")
    assert get(case, "/turning-link").body == b"file"
    os.remove(path)
    os.symlink("../outside/secret.txt", path)
    try:
        assert get(case, "/turning-link").status == 404
    finally:
        os.remove(path)
