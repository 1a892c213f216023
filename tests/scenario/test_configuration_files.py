"""The files of conf/ load: every key in them is known, every value right."""

import os
import re

from certificates import RSA, Authority
from harness import MODULES, SOURCES, Case, configuration


class Files(Case):
    def check(self, name):
        # A copy whose folders are ours: the installed ones need not be here.
        config = os.path.join(SOURCES, "conf", name)
        self.assertTrue(os.path.exists(config), config)
        with open(config, encoding="utf-8") as file:
            text = re.sub(r'(docroot|dochome)(\s*=\s*)"[^"]*"', rf'\1\2"{self.documents}"', file.read())
        copy = self.path(name, text)
        more = ["-M", MODULES] if os.path.isdir(MODULES) else []
        status, out, err = self.run_marmoset("-t", "-f", copy, *more)
        self.assertEqual(0, status, err)
        self.assertNotRegex(out + err, "(?i)warning|error|unknown")

    def test_the_sample_with_every_key(self):
        self.check("marmoset.conf")

    def test_the_group_tls_of_the_sample(self):
        """It stands there as an example: with files of ours it loads."""
        authority = Authority(self.folder)
        with open(os.path.join(SOURCES, "conf", "marmoset.conf"), encoding="utf-8") as file:
            group = re.search(r"(?ms)^    #tls = \{$.*?^    #\};$", file.read()).group(0)
        group = re.sub(r"(?m)^    #", "    ", group)
        pairs = {"ecdsa": authority.certificate("ecdsa"), "rsa": authority.certificate("rsa", kind=RSA)}
        for name, pair in pairs.items():
            for suffix, path in zip(("pem", "key"), pair):
                group = group.replace(f"/etc/marmoset/{name}.{suffix}", path)
        group = group.replace("/etc/marmoset/authorities.pem", authority.file)
        config = self.path("tls.conf", configuration(group, strict="true"))
        status, _, err = self.run_marmoset("-t", "-f", config, "-M", MODULES)
        self.assertEqual((0, f"marmoset: {config}: ok\n"), (status, err))

    def test_the_small_one(self):
        self.check("minimal.conf")

    def test_the_small_one_is_small(self):
        with open(os.path.join(SOURCES, "conf", "minimal.conf"), encoding="utf-8") as file:
            lines = [line for line in file if line.strip() and not re.match(r"\s*(#|//)", line)]
        self.assertLessEqual(len(lines), 15)

    def test_the_sample_names_every_key(self):
        more = ["-M", MODULES] if os.path.isdir(MODULES) else []
        _, out, _ = self.run_marmoset("--help-config", *more)
        keys = set(re.findall(r"(?m)^\s*#?\s*([a-z][a-z0-9_-]*)\s*[=:]", out))
        self.assertGreater(len(keys), 30)
        with open(os.path.join(SOURCES, "conf", "marmoset.conf"), encoding="utf-8") as file:
            text = file.read()
        missing = sorted(key for key in keys if not re.search(rf"(?<![\w-]){re.escape(key)}\s*[=:]", text))
        self.assertEqual([], missing)
