"""Finds the lists: the folders beside this file that hold cases. In: a folder. Out: its groups, in the order of the files'
names. A list's files are modules of a package, so that they import one another with `from .servers import …`; the folder
`http` must not hide Python's own, hence the package's other name."""

import importlib
import os
import sys
import types

from case import Group

HERE = os.path.dirname(os.path.abspath(__file__))


class List:
    def __init__(self, name, groups):
        self.name, self.groups = name, groups

    def case_id(self, case):
        """Unique among all lists."""
        return f"{self.name}/{case.key}"

    def cases(self):
        return [case for group in self.groups for case in group.cases]


def read_list(name):
    folder = os.path.join(HERE, name)
    package = types.ModuleType(f"list_{name}")
    package.__path__ = [folder]
    sys.modules[package.__name__] = package
    Group.declared = []
    for file in sorted(os.listdir(folder)):
        if file.endswith(".py"):
            importlib.import_module(f"{package.__name__}.{file[:-3]}")
    groups, Group.declared = Group.declared, []
    one = List(name, groups)
    for what, names in (("groups", [group.name for group in groups]), ("cases", [case.key for case in one.cases()])):
        twice = sorted({entry for entry in names if names.count(entry) > 1})
        assert not twice, f"{name}: {what} declared twice: {', '.join(twice)}"
    return one


def read_lists():
    names = [entry.name for entry in os.scandir(HERE) if entry.is_dir() and not entry.name.startswith(("_", "."))]
    return [read_list(name) for name in sorted(names)]
