// marmoset: from the command line to a running server. In: arguments. Out: the exit status: 0; 1 when
// something is wrong with them, the configuration or the system, before anything listens.

#include <unistd.h>

#include <cstdio>

#include "server/launch.h"
#include "server/options.h"

int main(int argc, char** argv) {
    auto options = marmoset::server::parse_options(argc, argv);
    if (!options) {
        std::fprintf(stderr, "marmoset: %s\nTry 'marmoset --help'.\n", options.error().text.c_str());
        return 1;
    }
    return marmoset::server::launch(options.take());
}
