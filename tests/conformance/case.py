"""What a list is made of: groups of cases, and the configurations they run against. In: small functions that know one rule
each. Out: whether the programs keep it. Everything of tests/scenario's harness is at hand."""

import re
import signal
import traceback

import harness
from bounds import Overdue, scaled
from websocket_wire import WebSocket

DEADLINE = 90  # seconds of a case: some start a program ten times, which takes seconds where much else is done


class Configuration(harness.Case):
    """Programs that run as long as the cases of the groups that name this class. start() is a subclass's: it writes its files
    and starts what it needs with the means of the scenarios (document, gateway, echo …); what it keeps in `self.server` is
    what a case's connections lead to. Cases see it as `case.on`; what they change in it they put back."""

    server = None

    def runTest(self):
        """unittest wants to know one."""

    def start(self):
        raise NotImplementedError

    def complaints(self):
        """Ends the programs; what was wrong with them, which no case may have noticed."""
        found = [f"{one.name} crashed" for one in self.programs if re.search(r"died of signal (?!9 )|Sanitizer: ", one.log())]
        found += [what for what in map(self.finish, self.programs) if what]
        return found

    def log(self, lines=40):
        """The ends of the programs' logs."""
        return "\n".join(f"--- {one.name}\n" + "\n".join(one.log().splitlines()[-lines:]) for one in self.programs)

    def end(self):
        for one in self.programs:
            one.kill()
        self.doCleanups()


class Case:
    """One rule: what it says, where it stands, and a function that fails when it is not kept."""

    def __init__(self, group, name, rule, sentence, function, arguments, deadline):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name), f"a case's name is made of words and hyphens, not {name!r}"
        self.group, self.name, self.rule, self.sentence = group, name, rule, sentence
        self.function, self.arguments, self.deadline = function, arguments, deadline
        self.on = None  # the running Configuration

    @property
    def key(self):
        """Its place in its list: group/name."""
        return f"{self.group.name}/{self.name}"

    @property
    def server(self):
        return self.on.server

    def http(self):
        """A connection of this case, closed behind it."""
        return self.server.http()

    def websocket(self, target=None, **handshake):
        """A websocket client's connection; with `target` its handshake is done."""
        return self.server.websocket(target, **handshake)

    def run(self, configuration):
        """None, or what failed: (one line, traceback)."""
        def overdue(*_):
            raise Overdue(f"the case's deadline of {scaled(self.deadline):g} s")

        self.on = configuration
        signal.signal(signal.SIGALRM, overdue)
        signal.setitimer(signal.ITIMER_REAL, scaled(self.deadline))
        try:
            self.function(self, *self.arguments)
            return None
        except Exception as failure:
            line = " ".join(traceback.format_exception_only(failure)[-1].split())
            return line[:400], traceback.format_exc()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.drop_connections()

    def drop_connections(self):
        for program in self.on.programs:
            clients = getattr(program, "clients", [])
            for client in clients:
                client.drop()
            clients.clear()


class Group:
    """Cases about one matter. They run one after the other, in one process; groups may run beside each other. Faults name the
    groups that have to notice them, so a group is small."""

    declared = []  # those of the list that is being read

    def __init__(self, name, configuration):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name), f"a group's name is made of words and hyphens, not {name!r}"
        self.name, self.configuration = name, configuration
        self.cases = []
        Group.declared.append(self)

    def add(self, name, rule, sentence, function, *arguments, deadline=DEADLINE):
        """A case that calls function(case, *arguments): rows of a table are declared so."""
        self.cases.append(Case(self, name, rule, sentence, function, arguments, deadline))

    def case(self, name, rule, sentence, deadline=DEADLINE):
        """Decorator: the function is a case."""
        def declare(function):
            self.add(name, rule, sentence, function, deadline=deadline)
            return function
        return declare


__all__ = ["Case", "Configuration", "Group", "WebSocket"]
