"""A gateway and a test that is its system server."""

from harness import Case


class Link(Case):
    keys = ""

    def setUp(self):
        super().setUp()
        self.server = self.gateway(self.keys)
        self.app = self.link_server()

    def open(self, link=None, **options):
        """An open client: (client, link, id)."""
        client = self.server.websocket()
        link, opened = self.app.admit(client, link, **options)
        return client, link, opened.client
