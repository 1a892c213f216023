"""Faults that the lists have to notice. In: the file `faults` of each list. Out: the same sources with every fault in them,
each asleep until the environment variable MARMOSET_FAULT names it. README.md shows the file's form."""

import os
import re


class FaultError(Exception):
    """A fault that can't be put in: its text is told."""


class Fault:
    def __init__(self, where):
        self.where = where  # file:line, for complaints
        self.name = self.source = None
        self.groups = []
        self.original, self.faulty = [], []

    def check(self, list_name):
        self.list_name = list_name
        self.original, self.faulty = ("\n".join(lines).strip() for lines in (self.original, self.faulty))
        if not (self.name and self.source and self.groups and self.original and self.faulty):
            raise FaultError(f"{self.where}: a fault has a name, a source, groups, a text and another text")
        if self.is_statement != self.faulty.endswith((";", "}")):
            raise FaultError(f"{self.where}: {self.name}: statements take the place of statements, expressions that of "
                             "expressions")

    @property
    def is_statement(self):
        return self.original.endswith((";", "}"))

    def wrap(self, original):
        """C++ that is `original`, or the faulty text when this fault is switched on."""
        if self.is_statement:
            return f'if (marmoset_fault("{self.name}")) {{ {self.faulty} }} else {{ {original} }}'
        return f'(marmoset_fault("{self.name}") ? ({self.faulty}) : ({original}))'


def read_file(path, list_name):
    fault, faults = None, []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            word, _, rest = line.partition(" ")
            if word == "fault":
                fault = Fault(f"{path}:{number}")
                fault.name = rest.strip()
                faults.append(fault)
            elif not line.strip() or word == "#":
                continue
            elif fault and word == "source":
                fault.source = rest.strip()
            elif fault and word == "groups":
                fault.groups = rest.split()
            elif fault and word == "-":
                fault.original.append(rest)
            elif fault and word == "+":
                fault.faulty.append(rest)
            else:
                raise FaultError(f"{path}:{number}: neither fault, source, groups, - nor +: {line!r}")
    for fault in faults:
        fault.check(list_name)
        if not re.fullmatch(r"[a-z0-9-]+", fault.name):
            raise FaultError(f"{fault.where}: a name is made of small letters, digits and hyphens")
    return faults


def read_faults(folder):
    """All faults of the lists in `folder`; their names are unique."""
    faults = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = os.path.join(entry.path, "faults")
        if os.path.isfile(path):
            faults += read_file(path, entry.name)
    names = [fault.name for fault in faults]
    for fault in faults:
        if names.count(fault.name) > 1:
            raise FaultError(f"{fault.where}: there are two faults {fault.name}")
    return faults


class Place:
    """Where texts of faults stand in a source; one may lie inside another."""

    def __init__(self, start, end, fault):
        self.start, self.end, self.faults, self.inner = start, end, [fault], []

    def woven(self, text):
        result = weave_places(text, self.start, self.end, self.inner)
        for fault in self.faults:
            result = fault.wrap(result)
        return result


def weave_places(text, start, end, places):
    parts = []
    for place in places:
        parts += [text[start:place.start], place.woven(text)]
        start = place.end
    return "".join(parts) + text[start:end]


def weave(text, faults):
    """`text` of one source with `faults` in it."""
    found = []
    for fault in faults:
        if (count := text.count(fault.original)) != 1:
            raise FaultError(f"{fault.where}: {fault.name}: its text stands {count} times in {fault.source}, not once")
        start = text.index(fault.original)
        found.append((start, start + len(fault.original), fault))
    outer, chain = [], []  # chain: the places that the next one may lie inside of
    for start, end, fault in sorted(found, key=lambda entry: (entry[0], -entry[1])):
        while chain and chain[-1].end <= start:
            chain.pop()
        if chain and (chain[-1].start, chain[-1].end) == (start, end):
            chain[-1].faults.append(fault)
            continue
        if chain and end > chain[-1].end:
            raise FaultError(f"{fault.where}: {fault.name}: its text overlaps that of {chain[-1].faults[0].name}")
        place = Place(start, end, fault)
        (chain[-1].inner if chain else outer).append(place)
        chain.append(place)
    return weave_places(text, 0, len(text), outer)
