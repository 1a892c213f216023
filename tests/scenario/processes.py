"""Processes as /proc shows them, and child programs whose output is kept. In: process ids, command lines. Out: what they
hold and how they ended."""

import ctypes
import os
import re
import signal
import subprocess

from bounds import BUILD, PATIENCE, Overdue, scaled, wait_for


def children(pid):
    """Direct children of a process that have not ended."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            state = status(int(entry))
            if state and state[1] == pid and state[0] not in "ZX":
                found.append(int(entry))
    return sorted(found)


def status(pid):
    """(state letter, parent) or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], int(fields[1])


def is_running(pid):
    state = status(pid)
    return state is not None and state[0] not in "ZX"


def memory(pid):
    """Resident bytes of a process."""
    with open(f"/proc/{pid}/status", encoding="latin-1") as file:
        return int(re.search(r"^VmRSS:\s*(\d+) kB", file.read(), re.M).group(1)) * 1024


def status_fields(pid):
    """Fields of /proc/PID/status as text, by name."""
    with open(f"/proc/{pid}/status", encoding="latin-1") as file:
        return dict(re.findall(r"^(\w+):\s*(.*)$", file.read(), re.M))


def cpu_seconds(pid):
    """Processor time a process has used."""
    with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_descriptors(pid):
    """What a process has open: names by descriptor."""
    found = {}
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(entry)] = os.readlink(f"/proc/{pid}/fd/{entry}")
        except FileNotFoundError:
            pass  # closed meanwhile
    return found


def descriptors(pid, kind="socket:"):
    """How many open descriptors of a process point to something whose name begins with `kind`."""
    return sum(name.startswith(kind) for name in open_descriptors(pid).values())


class Program:
    """A child process; its output goes to a file."""

    def __init__(self, line, output, **options):
        self.line, self.output = line, output
        self.name = os.path.basename(line[0])
        self.ours = line[0].startswith(BUILD)
        self.asked = False
        with open(output, "ab") as file:
            self.process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=file, stderr=file, **options)
        self.pid = self.process.pid

    def log(self):
        with open(self.output, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_log(self, pattern, seconds=PATIENCE):
        """Waits until a line of the log matches; returns the match."""
        return wait_for(f"the log to say {pattern!r}", lambda: re.search(pattern, self.log(), re.M), seconds)

    def running(self):
        return self.process.poll() is None

    def send_signal(self, number):
        self.asked = self.asked or number in (signal.SIGTERM, signal.SIGINT)
        self.process.send_signal(number)

    def hold(self):
        """It does nothing until go_on(). Both may be called by a process that is not its parent."""
        os.kill(self.pid, signal.SIGSTOP)
        wait_for(f"{self.name} to stand still", lambda: status(self.pid)[0] == "T")

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def wait(self, seconds=PATIENCE):
        """The exit status; -N for signal N."""
        try:
            return self.process.wait(scaled(seconds))
        except subprocess.TimeoutExpired:
            raise Overdue(f"{self.name} did not end in {scaled(seconds):g} s") from None

    def stop(self, number=signal.SIGTERM, seconds=20):
        if self.running():
            self.send_signal(number)
        return self.wait(seconds)

    def kill(self):
        """The whole family at once: a worker that saw its supervisor die would begin to end by itself."""
        if self.running():
            self.process.send_signal(signal.SIGSTOP)
            for pid in children(self.pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass  # ended and was taken note of before the parent had stopped
            self.process.kill()
        self.process.wait()

    def end(self):
        """The end of a test: one of our programs is asked to end and must do so in order. Returns what was wrong, or None."""
        if not self.ours:
            self.kill()
        if not self.running():
            return None
        if not self.asked:
            self.send_signal(signal.SIGTERM)
        try:
            status = self.wait(15)
        except Overdue as overdue:
            self.kill()
            return str(overdue)
        return f"{self.name} ended with {status}" if status else None


def tree(root):
    """All descendants of a process."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="latin-1") as file:
                    parents.setdefault(int(file.read().rpartition(")")[2].split()[1]), []).append(int(entry))
            except (FileNotFoundError, ProcessLookupError):
                pass
    found, ahead = [], [root]
    while ahead:
        below = parents.get(ahead.pop(), [])
        found += below
        ahead += below
    return found


def kill_tree(root):
    """Until nothing is left: a process may have forked while the others were looked up."""
    while left := tree(root):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if root == os.getpid():
            try:
                while os.waitpid(-1, 0)[0]:
                    pass
            except ChildProcessError:
                pass
        else:
            break


def adopt_orphans():
    """Makes this process the parent of what its children leave behind, so that nothing escapes the end of a test."""
    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
