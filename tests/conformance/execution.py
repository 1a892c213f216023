"""Runs the cases of a list. In: groups, and how many may run beside each other. Out: one result a case. The programs of a
configuration are started once, here; one or two processes then take group after group and run the cases in them."""

import json
import os
import select
import signal
import sys
import traceback
from collections import namedtuple

from processes import adopt_orphans, kill_tree

Result = namedtuple("Result", "case failure trace")  # failure, trace: None when it passed


def start_configurations(groups):
    """The running configurations of the groups, by their class."""
    running = {}
    try:
        for group in groups:
            if group.configuration not in running:
                configuration = running[group.configuration] = group.configuration()
                configuration.setUp()
                configuration.start()
    except BaseException:
        end_configurations(running)
        raise
    return running


def end_configurations(running):
    for configuration in running.values():
        if hasattr(configuration, "programs"):
            configuration.end()


def run_groups(groups, jobs, stop_at_failure=False):
    """Yields a Result a case, then one for each complaint about a program, whose case is None."""
    adopt_orphans()
    running = start_configurations(groups)
    try:
        yield from run_beside(groups, running, min(jobs, len(groups)), stop_at_failure)
        for kind, configuration in running.items():
            for complaint in configuration.complaints():
                yield Result(None, f"{kind.__name__}: {complaint}", configuration.log())
    finally:
        end_configurations(running)


def run_beside(groups, running, jobs, stop_at_failure):
    numbers = {case: (g, c) for g, group in enumerate(groups) for c, case in enumerate(group.cases)}
    by_number = {number: case for case, number in numbers.items()}
    # What is to be done lies in a pipe, one byte pair a group: whoever is free takes the next.
    todo, fill = os.pipe()
    os.write(fill, b"".join(number.to_bytes(2, "big") for number in range(len(groups))))
    os.close(fill)
    workers = [Worker(groups, running, todo) for _ in range(jobs)]
    os.close(todo)
    try:
        for number, failure, trace in results(workers):
            yield Result(by_number.pop(tuple(number)), failure, trace)
            if failure and stop_at_failure:
                return
        for case in by_number.values():
            yield Result(case, "its process ended before it had run", "")
    finally:
        for worker in workers:
            worker.kill()


def results(workers):
    """What the processes report, a line each time, until all have ended."""
    unfinished = {worker.reports: b"" for worker in workers}
    while unfinished:
        for fd in select.select(list(unfinished), [], [])[0]:
            data = os.read(fd, 65536)
            *lines, rest = (unfinished[fd] + data).split(b"\n")
            yield from map(json.loads, lines)
            unfinished[fd] = rest
            if not data:
                del unfinished[fd]


class Worker:
    """A process that runs groups."""

    def __init__(self, groups, running, todo):
        read, write = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(read)
                self.work(groups, running, todo, write)
            except BaseException:
                traceback.print_exc()
            finally:
                # What is the parent's stays: the running programs are no children of this process.
                kill_tree(os.getpid())
                os._exit(0)
        os.close(write)
        self.reports = read

    @staticmethod
    def work(groups, running, todo, write):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        while number := os.read(todo, 2):
            group_number = int.from_bytes(number, "big")
            group = groups[group_number]
            for case_number, case in enumerate(group.cases):
                failure, trace = case.run(running[group.configuration]) or (None, None)
                line = json.dumps([(group_number, case_number), failure, trace]).encode() + b"\n"
                while line:
                    line = line[os.write(write, line):]

    def kill(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.reports)
