// Plays inputs back without libFuzzer. In: files and folders. Out: a count of inputs; an input that breaks
// something ends the program, as it does under libFuzzer, and is named first.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/support/fuzz.h"

namespace {

std::string current;  // for the report of whoever ends the program

bool replay(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file) {
        std::fprintf(stderr, "replay: can't read %s\n", path.c_str());
        return false;
    }
    current = path;
    const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
    LLVMFuzzerTestOneInput(data, bytes.size());
    return true;
}

}  // namespace

int main(int count, char** arguments) {
    size_t played = 0;
    bool all_read = true;
    // Written by the handler of a death, too: SIGABRT of an assertion, the sanitizers' exit.
    const auto tell = [] {
        if (!current.empty()) dprintf(STDERR_FILENO, "replay: it was %s\n", current.c_str());
    };
    std::atexit(tell);
    std::signal(SIGABRT, [](int) {
        dprintf(STDERR_FILENO, "replay: it was %s\n", current.c_str());
        std::_Exit(77);
    });
    for (int i = 1; i < count; ++i) {
        const std::filesystem::path path = arguments[i];
        if (!std::filesystem::is_directory(path)) {
            all_read = replay(path) && all_read;
            ++played;
            continue;
        }
        for (const auto& entry : std::filesystem::directory_iterator(path)) {
            all_read = replay(entry.path()) && all_read;
            ++played;
        }
    }
    current.clear();
    std::printf("%zu inputs\n", played);
    return all_read && played > 0 ? 0 : 1;
}
