"""The servers of the HTTP list."""

import os

from case import Configuration

TEXT = "".join(f"line {number:04}\n" for number in range(1000))  # 10,000 bytes
LONG_AGO = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110 5.6.7


class Plain(Configuration):
    """A few files, every limit at its default."""

    def start(self):
        for name, text in {"index.html": "<h1>front</h1>\n", "a.txt": "a" * 10, "b.txt": "b" * 10, "c.txt": "c" * 10,
                           "text.txt": TEXT}.items():
            os.utime(self.document(name, text), (LONG_AGO, LONG_AGO))
        self.server = self.gateway()
