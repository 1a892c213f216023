"""Proves that the lists notice: every fault must fail a case of its groups. In: lists, faults, programs that hold the faults.
Out: a line a fault, and the cases that noticed: they have to pass without a fault. Each run is a process of its own with
MARMOSET_FAULT in its environment, which the servers inherit; it ends at the first case that fails."""

import fnmatch
import os
import sys
import tempfile
import time
import traceback

import bounds
from execution import run_groups
from processes import adopt_orphans, kill_tree

NOTICED, UNNOTICED = 0, 1
HASTE = 0.4  # factor on limits of time: that an answer never comes is what many faults are about, so it is not awaited long


def groups_of(fault, lists):
    """The groups that have to notice, with the cases that `groups` names: a group's name, or group/pattern for some."""
    one = next(one for one in lists if one.name == fault.list_name)
    chosen = []
    for pattern in fault.groups:
        group_name, _, case_name = pattern.partition("/")
        group = next((group for group in one.groups if group.name == group_name), None)
        if group is None:
            raise LookupError(f"{fault.where}: {fault.name}: the list {one.name} has no group {group_name}")
        cases = [case for case in group.cases if fnmatch.fnmatch(case.name, case_name or "*")]
        if not cases:
            raise LookupError(f"{fault.where}: {fault.name}: no case {pattern}")
        group.cases = cases
        chosen.append(group)
    return chosen


def every_case(groups):
    return [case for group in groups for case in group.cases]


class FaultRun:
    """A process that looks for a case that notices."""

    def __init__(self, fault, lists, again=False):
        self.fault, self.again = fault, again
        self.began = time.monotonic()
        self.output = tempfile.TemporaryFile()
        self.witnesses = tempfile.TemporaryFile("w+")  # keys of the cases that noticed, one a line
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self.child(lists)

    def child(self, lists):
        status = UNNOTICED
        try:
            os.setsid()
            os.dup2(self.output.fileno(), 1)
            os.dup2(self.output.fileno(), 2)
            adopt_orphans()
            os.environ["MARMOSET_FAULT"] = self.fault.name
            bounds.SLOW *= HASTE
            status = self.look(lists)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            kill_tree(os.getpid())
            os._exit(status)

    def look(self, lists):
        try:
            groups = groups_of(self.fault, lists)
        except LookupError as error:
            print(error)
            return UNNOTICED
        for case, failure, _ in run_groups(groups, 1, stop_at_failure=True):
            if failure:
                print(f"{case.key if case else 'the programs'}: {failure[:100]}")
                # What is wrong with the programs may be the doing of any case.
                self.witnesses.writelines(f"{one.key}\n" for one in ([case] if case else every_case(groups)))
                self.witnesses.flush()
                return NOTICED
        print(f"noticed by no case of {' '.join(self.fault.groups)}")
        return UNNOTICED

    def noticed_by(self):
        """Keys of cases."""
        with self.witnesses as file:
            file.seek(0)
            return file.read().split()

    def text(self):
        self.output.seek(0)
        text = self.output.read().decode("utf-8", "replace").strip()
        self.output.close()
        return text


def run_faults(faults, lists, jobs):
    """(how many were noticed, how many were not, the ids of the cases that noticed). What some faults do shows only where one
    process is faster than another, as it nearly always is: one that nobody noticed is run once more, and its line says so."""
    counts, witnesses = [0, 0], set()
    queue, running = [(fault, False) for fault in reversed(faults)], {}
    while queue or running:
        while queue and len(running) < jobs:
            fault, again = queue.pop()
            one = FaultRun(fault, lists, again)
            running[one.pid] = one
        pid, status = os.waitpid(-1, 0)
        one = running.pop(pid, None)
        if one is None:
            continue
        noticed = os.waitstatus_to_exitcode(status) == NOTICED
        if not noticed and not one.again:
            queue.insert(0, (one.fault, True))  # at the end, when what has held a process up may be over
            continue
        counts[0 if noticed else 1] += 1
        witnesses.update(f"{one.fault.list_name}/{key}" for key in one.noticed_by())
        print(f"{'ok   ' if noticed else 'FAIL '}{one.fault.list_name}: {one.fault.name} ({time.monotonic() - one.began:.1f} s)"
              f"{' only when run again' if noticed and one.again else ''}: {one.text()}")
        sys.stdout.flush()
    return *counts, witnesses
