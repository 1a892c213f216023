"""What the client list runs against: websocket_client, and for each case a server of its own that says what the case wants."""

import base64

from bounds import PATIENCE, scaled
from case import Configuration
from websocket_peers import Scripted, run_client
from websocket_wire import CLOSE, PING, PONG, accept_value

NO_CONNECTION, REJECTED, ABNORMAL = 2, 3, 4  # exit statuses


class Client(Configuration):
    """Nothing that lasts longer than a case."""

    def start(self):
        pass


def talk(script, *arguments, given=b""):
    """Runs websocket_client against a server that does script(wire); how it ended. What the script found wrong is raised."""
    server = Scripted(script)
    try:
        done = run_client("-v", *arguments, server.url, given=given)
    finally:
        server.close()
    for error in server.errors:
        raise error
    return done


class Sent:
    """A frame of the client, with what hear() of the scenarios leaves out."""

    def __init__(self, wire):
        head = wire.take(2)
        self.fin, self.rsv, self.opcode = bool(head[0] & 0x80), head[0] >> 4 & 7, head[0] & 15
        self.masked, size = bool(head[1] & 0x80), head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(wire.take(2 if size == 126 else 8), "big")
        self.mask = wire.take(4) if self.masked else b"\0\0\0\0"
        self.raw = wire.take(size)
        self.payload = bytes(byte ^ self.mask[at % 4] for at, byte in enumerate(self.raw))

    @property
    def code(self):
        return int.from_bytes(self.payload[:2], "big") if self.payload else None

    def __repr__(self):
        return (f"<fin={self.fin} rsv={self.rsv} opcode={self.opcode} masked={self.masked} {len(self.payload)} bytes "
                f"{self.payload[:60]!r}>")


def read_until_close(wire):
    """All frames of the client up to its Close frame, which is answered; pings are, too."""
    frames = []
    while not frames or frames[-1].opcode != CLOSE:
        frames.append(Sent(wire))
        if frames[-1].opcode == PING:
            wire.say(PONG, frames[-1].payload)
    wire.say(CLOSE, frames[-1].payload)
    return frames


__all__ = ["ABNORMAL", "Client", "NO_CONNECTION", "PATIENCE", "REJECTED", "Sent", "accept_value", "base64", "read_until_close",
           "scaled", "talk"]
