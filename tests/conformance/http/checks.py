"""What most cases do: send bytes, with a further request behind them, and tell what may come back."""

A, B, C = b"a" * 10, b"b" * 10, b"c" * 10  # /a.txt, /b.txt, /c.txt


def following(client, target="/c.txt"):
    return client.text("GET", target)


def refused(case, text, statuses=(400,)):
    """`text` is answered with one of `statuses` and nothing behind it is taken for a request."""
    client = case.http()
    client.send(text + following(client))
    answer = client.response()
    assert answer.status in statuses, f"{answer} for {text[:200]!r}"
    assert (answer.get("Connection") or "").lower() == "close", f"no Connection: close in {answer}"
    client.expect_end()


def unanswered_behind(case, text):
    """The framing of `text` is broken behind its head. Its head may have been answered, by then; what follows must not be."""
    client = case.http()
    client.send(text + following(client))
    while client.fill():
        assert C not in client.buffer, f"what follows was taken for a request: {client.buffer!r}"
    answers = client.buffer
    assert answers.startswith(tuple(b"HTTP/1.1 %d " % status for status in (200, 400, 405, 413, 431))), answers


def served(case, text, body=A, status=200, method="GET"):
    """`text` is answered with `status` and `body`, and so is the request behind it."""
    client = case.http()
    client.send(text + following(client, "/b.txt"))
    answer = client.response(method)
    assert answer.status == status, f"{answer} for {text[:200]!r}"
    assert body is None or answer.body == body, answer
    behind = client.response()
    assert (behind.status, behind.body) == (200, B), f"the request behind was answered {behind}"
    return answer


def get(case, target="/text.txt", headers=(), method="GET", **options):
    """The answer to one request; the connection is usable behind it."""
    client = case.http()
    answer = client.get(target, headers, method, **options)
    behind = client.get("/b.txt")
    assert behind.status in (200, 404), behind
    return answer


def answers(case, target, status, body=None, headers=(), method="GET"):
    """As a row of a table: the status, and the body if it is given."""
    answer = get(case, target, headers, method)
    assert answer.status == status, answer
    assert body is None or answer.body == body, answer
    return answer


def head(*fields, method=b"GET", target=b"/a.txt", version=b"HTTP/1.1"):
    """A request's head of exactly these lines behind Host."""
    return b"\r\n".join([method + b" " + target + b" " + version, b"Host: localhost", *fields]) + b"\r\n\r\n"
