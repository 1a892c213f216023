"""The table of limits.py against what else tells of limits: --help-config, marmoset.conf(5), the status page, the tests."""

import importlib
import os
import re

from harness import MODULES, SOURCES
from limits import LIMITS, LimitCase


class Table(LimitCase):
    def test_keys_and_defaults_are_those_of_the_server(self):
        _, out, _ = self.run_marmoset("--help-config", "-M", MODULES)
        websocket = re.search(r"(?ms)^    websocket = \{$(.*?)^    \};", out).group(1)
        tls = re.search(r"(?ms)^    tls = \{$(.*?)^    \};", out).group(1)
        text = {"tls": tls, "global": out.partition("servers = (")[0], "websocket": websocket,
                "servers": out.partition("servers = (")[2].partition("document = {")[0]}
        for limit in LIMITS:
            if limit.group:
                found = re.search(rf'(?m)^ *#?{limit.key} = "?([^";]*)"?;', text[limit.group])
                self.assertTrue(found, limit)
                self.assertEqual(limit.default, re.sub(r"\.0$", "", found.group(1)), limit)

    def test_the_manual_has_the_same_table(self):
        with open(os.path.join(SOURCES, "conf", "man", "marmoset.conf.5"), encoding="utf-8") as file:
            table = re.search(r"(?s)\.Bl -column.*?\.El", file.read()).group(0)
        rows = re.findall(r"(?m)^\.It (?:Ic )?(\w+) Ta (\S+) Ta (.+) Ta (.+)$", table)
        self.assertEqual([(limit.key, limit.group or "-", limit.answer) for limit in LIMITS],
                         [(key, group, answer) for key, group, _, answer in rows])
        for limit, row in zip(LIMITS, rows):
            if limit.group:
                self.assertEqual(limit.default, row[2])

    def test_each_has_a_counter_and_each_counter_is_a_limit(self):
        self.limited()
        self.assertEqual({limit.key for limit in LIMITS}, set(self.counters()["limits_reached_total"]))

    def test_each_has_a_test(self):
        modules = [importlib.import_module(name) for name in ("test_limits_counted", "test_limits_websocket",
                                                              "test_limits_shared", "test_tls_handshakes")]
        for limit in LIMITS:
            name, _, test = limit.test.partition(".")
            classes = [getattr(module, name) for module in modules if hasattr(module, name)]
            self.assertTrue([one for one in classes if hasattr(one, test)], limit)
