"""The manual pages tell every flag and every key of the core with its default."""

import os
import re

from harness import MODULES, SOURCES, Case


def page(name):
    with open(os.path.join(SOURCES, "conf", "man", name), encoding="utf-8") as file:
        return file.read()


class Manual(Case):
    def modules(self):
        return ["-M", MODULES] if os.path.isdir(MODULES) else []

    def test_each_flag(self):
        _, out, _ = self.run_marmoset("-h")
        flags = re.findall(r"(?m)^  (?:-(\w), |    )--([\w-]+)", out)
        self.assertGreater(len(flags), 15)
        text = page("marmoset.8")
        for letter, name in flags:
            item = f".It Fl {letter} , Fl -{name}" if letter else f".It Fl -{name}"
            self.assertRegex(text, rf"(?m)^{re.escape(item)}\b")

    def test_each_key_of_the_core_with_its_default(self):
        _, out, _ = self.run_marmoset("--help-config", *self.modules())
        # Top level and `servers` entry; the groups in there are the modules'.
        keys = re.findall(r"(?m)^(?: {4})?#?([a-z][\w-]*) = (?!\{)(.*?);?$", out)
        self.assertGreater(len(keys), 35)
        text = page("marmoset.conf.5")
        for key, value in keys:
            item = re.search(rf"(?m)^\.It Ic {re.escape(key)}\b(.*)$", text)
            self.assertTrue(item, key)
            value = re.sub(r"\.0$", "", value.strip('"'))
            if value not in ("...", "", "({"):
                self.assertIn(f"default {value})", item.group(1))

    def test_each_key_of_the_main_modules_with_its_default(self):
        _, out, _ = self.run_marmoset("--help-config", *self.modules())
        text = page("marmoset.conf.5")
        for group, least in (("auth", 20), ("clientfilter", 2), ("userfilter", 3), ("document", 10), ("websocket", 10), ("tls", 10), ("status", 1)):
            section = re.search(rf"(?ms)^\.Ss The group {group}$(.*?)(?=^\.S[sh] )", text).group(1)
            body = re.search(rf"(?ms)^    {group} = \{{$(.*?)^    \}};", out).group(1)
            keys = re.findall(r"(?m)^ {8}#?([a-z]\w*) = (.*?);?$", body)
            self.assertGreater(len(keys), least)
            for key, value in keys:
                item = re.search(rf"(?m)^\.It Ic {key}\b(.*)$", section)
                self.assertTrue(item, f"{group}.{key}")
                value = re.sub(r"\.0$", "", value.strip('"[]'))
                if value not in ("...", "", "({"):
                    self.assertIn(f"default {value})", item.group(1))
