"""A gateway with entries of `links`."""

from harness import Case


class Links(Case):
    def serve_links(self, *entries, keys="", docroot=False, **options):
        """The gateway with these `links`; without a docroot unless asked for one."""
        folder = f'docroot = "{self.sockets}";' if docroot else ""
        text = ", ".join("{ " + entry + " }" for entry in entries)
        self.server = self.serve(f"port = 0;\nwebsocket = {{ {folder} links = ({text}); {keys} }};\n", **options)
        return self.server

    def status(self, target, **options):
        client = self.server.websocket()
        client.start(target, **options)
        return client.response().status
