"""Ports that a test listens on more than once: what stops and starts again, or moves to other addresses. In: the kernel's
range for ports of its own choice. Out: a port outside of it, so that neither another test's port 0 nor any client's own end
takes it meanwhile."""

import random
import socket

LOWEST = 10000


def unused_port():
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first, last = map(int, file.read().split())
    ports = [port for port in range(LOWEST, 65536) if not first <= port <= last]
    # Tests run beside each other: each picks at random, and only what is free on every address.
    for port in random.sample(ports, len(ports)):
        with socket.socket(socket.AF_INET6) as probe:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            try:
                probe.bind(("::", port))
            except OSError:
                continue
        return port
    raise AssertionError("no port is free outside of the kernel's own range")
