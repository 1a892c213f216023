"""The servers of the TLS list: the same for each library that the server was built with."""

import os

from case import Configuration
from certificates import RSA, Authority
from tls_servers import LIBRARIES, TlsCase

LARGE = os.urandom(2 << 20)


class Secure(TlsCase, Configuration):
    """Entry 0: certificates for two names in both kinds, websockets relayed. Entry 1: clients may show certificates. Entry 2: they
    must; websockets in direct mode. Entry 3: as 1 with little time for handshakes, though enough for one that is made."""

    def start(self):
        self.echo()
        self.document("large", LARGE)
        pairs = [self.authority.certificate(f"{name}-{label}", names=f"DNS:{names}", **how)
                 for name, names in (("one", "localhost"), ("two", "two.example, DNS:*.wild.example"))
                 for label, how in (("ec", {}), ("rsa", {"kind": RSA}))]
        self.alice = self.authority.certificate("alice")
        self.mallory = Authority(self.folder, "elsewhere").certificate("mallory")
        several = "".join(f"{key} = [ {', '.join(chr(34) + pair[index] + chr(34) for pair in pairs)} ]; "
                          for index, key in enumerate(("crtfile", "keyfile")))
        clients = f'cachain = "{self.authority.file}";'
        first = self.text(several)
        others = [self.entry(f'{clients} clientauth = "optional";'), self.entry(f'{clients} clientauth = "required";', 'options = "direct";'),
                  self.entry("tls_handshake_timeout = 3;")]
        self.server = self.serve_text(first.rpartition("});")[0] + "}, " + ", ".join(others) + ");\n")

    def entry(self, tls, websocket=""):
        return (f'{{ hostname = "localhost"; addr = "127.0.0.1"; port = 0; document = {{ docroot = "{self.documents}"; '
                f'defaultpage = "index.html"; }}; websocket = {{ docroot = "{self.sockets}"; {websocket} }}; {self.group(tls)} }}')


SERVERS = [(library, type(library.capitalize(), (Secure,), {"library": library, "__module__": __name__})) for library in LIBRARIES]
