"""What the list says of itself: where a way to the echo server differs, it does so in cases that there are."""

import fnmatch

from case import Group

from .servers import DIFFERENCES, EveryWay, Link

ways = Group("ways", Link)


def fits(_case, keys):
    assert any(fnmatch.fnmatch(name, keys) for name in EveryWay.names), f"no case is named {keys}"


for way, keys, reason in DIFFERENCES:
    name = "-".join(part for part in keys.replace("*", "").replace("/", "-").split("-") if part)
    ways.add(f"{way}-without-{name}", "conformance list", f"{keys}: {reason}", fits, keys)
