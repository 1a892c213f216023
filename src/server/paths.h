// The built-in paths and the version. The build gives them; without it (one file compiled by hand) these
// hold.
#pragma once

#ifndef MARMOSET_VERSION
#define MARMOSET_VERSION "0.1.0"
#endif
#ifndef MARMOSET_PREFIX
#define MARMOSET_PREFIX "/usr/local"
#endif
#ifndef MARMOSET_SYSCONFDIR
#define MARMOSET_SYSCONFDIR MARMOSET_PREFIX "/etc"
#endif
#ifndef MARMOSET_LIBDIR
#define MARMOSET_LIBDIR MARMOSET_PREFIX "/lib"
#endif
#ifndef MARMOSET_PKGLIBDIR
#define MARMOSET_PKGLIBDIR MARMOSET_LIBDIR "/marmoset"
#endif
#ifndef MARMOSET_DATADIR
#define MARMOSET_DATADIR MARMOSET_PREFIX "/share"
#endif
#ifndef MARMOSET_CONFIGFILE
#define MARMOSET_CONFIGFILE MARMOSET_SYSCONFDIR "/marmoset/marmoset.conf"
#endif
#ifndef MARMOSET_PIDFILE
#define MARMOSET_PIDFILE "/run/marmoset.pid"
#endif
