"""Makes the programs that hold all faults. In: the sources, a build of them, faults. Out: build/faults, a copy of the sources
with the faults woven in and of the build, in which only the woven sources are compiled anew. The sources themselves stay as
they are."""

import os
import shutil
import subprocess

from faults import FaultError, weave

COPIED = ["Makefile", "configure", "src", "modules", "utils", "conf"]
INCLUDE = '#include "base/fault.h"  // NOLINT\n'
HEADER = """// Written by tests/conformance/fault_build.py.
#pragma once
#include <cstdlib>
#include <cstring>

inline bool marmoset_fault(const char* name) {
    static const char* const active = std::getenv("MARMOSET_FAULT");
    return active && std::strcmp(active, name) == 0;
}
"""


def files_below(root, entries):
    for entry in entries:
        if os.path.isfile(os.path.join(root, entry)):
            yield entry
        for folder, _, names in os.walk(os.path.join(root, entry)):
            for name in names:
                yield os.path.relpath(os.path.join(folder, name), root)


def write_changed(path, text):
    """A woven source keeps its time when its text is the one of last time: make compares times."""
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def copy(source, target):
    """With its time, so that the copies are as old, relative to one another, as the originals are."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy2(source, target)


def remove_others(folder, entries, wanted):
    for name in set(files_below(folder, entries)) - wanted:
        os.remove(os.path.join(folder, name))


def copy_sources(root, folder, faults):
    files = set(files_below(root, COPIED))
    for fault in faults:
        if fault.source not in files:
            raise FaultError(f"{fault.where}: {fault.name}: there is no {fault.source}")
    for name in files:
        here = [fault for fault in faults if fault.source == name]
        if not here:
            copy(os.path.join(root, name), os.path.join(folder, name))
            continue
        with open(os.path.join(root, name), encoding="utf-8") as file:
            text = file.read()
        write_changed(os.path.join(folder, name), INCLUDE + weave(text, here))
    remove_others(folder, COPIED, files)
    write_changed(os.path.join(folder, "src", "base", "fault.h"), HEADER)


def copy_objects(build, product, faults):
    """What was compiled without faults is taken over; objects of woven sources are made and kept in the copy."""
    woven = {os.path.splitext(fault.source)[0] for fault in faults}
    objects = {name for name in files_below(build, ["obj"])
               if not name.startswith(("obj/tests/", "obj/utils/build/"))
               and os.path.relpath(name, "obj").partition(".")[0] not in woven}
    for name in objects:
        copy(os.path.join(build, name), os.path.join(product, name))
    kept = {name for name in files_below(product, ["obj"]) if os.path.relpath(name, "obj").partition(".")[0] in woven}
    remove_others(product, ["obj"], objects | kept)
    for name in ("bin", "lib", "modules"):
        shutil.rmtree(os.path.join(product, name), ignore_errors=True)


def build_faults(root, build, faults):
    """The folder with bin/ and modules/ of the programs that hold the faults."""
    base, flavour = os.path.split(build)
    folder = os.path.join(base, "faults")
    product = os.path.join("build", flavour)
    copy_sources(root, folder, faults)
    copy_objects(build, os.path.join(folder, product), faults)
    copy(os.path.join(os.path.dirname(base), "config.mk"), os.path.join(folder, "config.mk"))
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("S", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VERSION", "MAKE", "FLAVOUR")}
    modules = [f"{product}/modules/{name}.so" for name in sorted(os.listdir(os.path.join(root, "modules")))
               if name != "skeleton"]
    # Variables that are no part of the flags whose change would have everything compiled again. The precompiled headers are the
    # unit tests', which have these flags and other names.
    line = ["make", f"-j{os.cpu_count() or 1}", f"FLAVOUR={flavour}", "own_flags=-O0 -U_FORTIFY_SOURCE -w", "PRECOMPILED=",
            *(f"{product}/bin/{name}" for name in ("marmoset", "websocket_echo", "websocket_client", "marmoset_token",
                                                   "marmoset_passwd")),
            f"{product}/lib/libwebsocket.so", *modules]
    done = subprocess.run(line, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise FaultError("the programs with faults could not be made:\n" + "\n".join(done.stdout.splitlines()[-60:]))
    return os.path.join(folder, product)
