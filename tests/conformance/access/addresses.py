"""clientfilter: who may connect."""

from case import Group

from .servers import STRANGER, Filtered, counters, from_address

addresses = Group("addresses", Filtered)
PAGE = "marmoset.conf(5) clientfilter"


def served(case, address, expected):
    client = from_address(case, address)
    client.send(client.text())
    assert client.fill() == expected, address


for name, sentence, address, expected in (
        ("allowed", "who is in an allowed network is served", STRANGER, True),
        ("denied", "who is denied by name is not, whatever allow says", "127.0.0.2", False),
        ("denied-network", "nor who is in a denied network", "127.0.0.9", False),
        ("behind-the-network", "a network ends with its last address", "127.0.0.10", True),
        ("not-named", "a bare * keeps out who is not named", "127.0.1.1", False)):
    addresses.add(name, PAGE, sentence, served, address, expected)


@addresses.case("before-a-byte", PAGE, "who is kept out is closed at once, without an answer, and counted")
def _(case):
    before = counters(case)["clients_refused_total"]
    assert from_address(case, "127.0.0.2").read_all() == b""
    assert counters(case)["clients_refused_total"] == before + 1
