// What the measured processes cost: CPU time of all their threads and memory, and the kernel's own memory.
// In: process ids. Out: nanoseconds and bytes, from /proc.
#pragma once

#include <dirent.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "posix.h"

namespace marmoset::bench {

struct Memory {
    uint64_t rss = 0;
    uint64_t pss = 0;
    uint64_t anonymous = 0;  ///< heap and stacks, the part that grows with clients
};

class ProcessMeter {
  public:
    explicit ProcessMeter(std::vector<pid_t> pids) : pids_(std::move(pids)) {}
    bool empty() const { return pids_.empty(); }
    void include(const std::vector<pid_t>& more) { pids_.insert(pids_.end(), more.begin(), more.end()); }

    /// CPU time of every thread since its start, from the scheduler's own counter: exact to the nanosecond,
    /// where utime and stime are counted in ticks of 10 ms.
    uint64_t cpu_ns() const {
        uint64_t sum = 0;
        for (pid_t pid : pids_)
            sum += cpu_of(pid);
        return sum;
    }

    Memory memory() const {
        Memory sum;
        for (pid_t pid : pids_) {
            std::string path = "/proc/" + std::to_string(pid) + "/smaps_rollup";
            std::ifstream file(path);
            if (!file)
                throw std::runtime_error("read " + path + ": the process is gone or belongs to someone else");
            std::string key, line;
            std::getline(file, line);  // the address range
            uint64_t kilobytes = 0;
            while (file >> key >> kilobytes) {
                if (key == "Rss:") sum.rss += kilobytes * 1024;
                if (key == "Pss:") sum.pss += kilobytes * 1024;
                if (key == "Anonymous:") sum.anonymous += kilobytes * 1024;
                std::getline(file, line);
            }
        }
        return sum;
    }

  private:
    static uint64_t cpu_of(pid_t pid) {
        std::string folder = "/proc/" + std::to_string(pid) + "/task";
        DIR* tasks = ::opendir(folder.c_str());
        if (tasks == nullptr) fail_errno("open " + folder);
        uint64_t sum = 0;
        while (dirent* entry = ::readdir(tasks)) {
            if (entry->d_name[0] == '.') continue;
            std::ifstream file(folder + "/" + entry->d_name + "/schedstat");
            uint64_t running = 0;
            if (file >> running) sum += running;
        }
        ::closedir(tasks);
        return sum;
    }

    std::vector<pid_t> pids_;
};

/// Bytes in the kernel's slab caches: sockets, inodes, files, epoll items of everyone on the machine.
inline uint64_t kernel_slab_bytes() {
    std::ifstream file("/proc/meminfo");
    std::string key;
    uint64_t kilobytes = 0;
    while (file >> key >> kilobytes) {
        if (key == "Slab:") return kilobytes * 1024;
        file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return 0;
}

/// This process's own CPU time: when it is near 100 %, the generator is what bounds the throughput.
inline uint64_t own_cpu_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(time.tv_nsec);
}

}  // namespace marmoset::bench
