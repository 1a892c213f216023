"""TLS on a socket with its two directions apart, as a plain socket has them; Python's own forgets TLS where one direction is ended.
In: a connected socket, an ssl context. Out: an object that wire.Wire reads and writes like a socket."""

import errno
import socket
import ssl


class TlsSocket:
    """shutdown(SHUT_WR) says close_notify and leaves the other direction open. A peer that ends without close_notify has reset the
    connection: that is what it is to a client."""

    def __init__(self, sock, context, name="localhost"):
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        self.ask(self.tls.do_handshake)

    def __getattr__(self, name):  # timeouts, addresses, the descriptor, close()
        return getattr(self.sock, name)

    def flush(self):
        if self.outgoing.pending:
            self.sock.sendall(self.outgoing.read())

    def ask(self, call, *arguments):
        """What needs more from the peer gets it."""
        while True:
            try:
                return call(*arguments)
            except ssl.SSLWantReadError:
                self.flush()
                data = self.sock.recv(262144)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()
            finally:
                self.flush()

    def recv(self, size):
        try:
            return self.ask(self.tls.read, size)
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLEOFError as error:
            raise ConnectionResetError("an end without close_notify") from error

    def sendall(self, data):
        view = memoryview(data)
        while view:
            view = view[self.tls.write(view[:65536]):]
            self.flush()

    def shutdown(self, how):
        assert how == socket.SHUT_WR
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass  # the peer's own close_notify is awaited where it is read
        try:
            self.flush()
            self.sock.shutdown(how)
        except OSError as error:
            if error.errno not in (errno.ENOTCONN, errno.EPIPE, errno.ECONNRESET):
                raise  # those say that the peer has ended the connection already, and does not wait for our close_notify
