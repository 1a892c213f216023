#include "device_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <termios.h>

#include <algorithm>
#include <cerrno>

namespace marmoset::websocket_module {

namespace {

struct BaudRate {
    unsigned baud;
    speed_t speed;
};
constexpr BaudRate kBaudRates[] = {
    {50, B50},           {75, B75},           {110, B110},         {134, B134},         {150, B150},
    {200, B200},         {300, B300},         {600, B600},         {1200, B1200},       {1800, B1800},
    {2400, B2400},       {4800, B4800},       {9600, B9600},       {19200, B19200},     {38400, B38400},
    {57600, B57600},     {115200, B115200},   {230400, B230400},   {460800, B460800},   {500000, B500000},
    {576000, B576000},   {921600, B921600},   {1000000, B1000000}, {1152000, B1152000}, {1500000, B1500000},
    {2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000}, {3500000, B3500000}, {4000000, B4000000},
};

const BaudRate* find_rate(unsigned baud) {
    const auto* found = std::find_if(std::begin(kBaudRates), std::end(kBaudRates),
                                     [baud](const BaudRate& rate) { return rate.baud == baud; });
    return found == std::end(kBaudRates) ? nullptr : found;
}

Result<void> lock(int file, const std::string& path) {
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return {};
    const int error = errno;
    if (error != EWOULDBLOCK) return errno_error("lock", path, error);
    return Error{"lock " + path + ": another process has it; a tty or fifo has one worker, see `workers`",
                 error};
}

// Bytes as they are: no line editing, no signals, no modem lines to wait for.
Result<void> set_raw(int file, const Place& place) {
    termios settings;
    if (tcgetattr(file, &settings) != 0) return errno_error("open as a tty", place.path, errno);
    cfmakeraw(&settings);
    settings.c_cflag |= CLOCAL | CREAD;
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    const BaudRate* rate = find_rate(place.baud);
    if (rate) cfsetspeed(&settings, rate->speed);
    if (tcsetattr(file, TCSANOW, &settings) != 0) return errno_error("set up", place.path, errno);
    return {};
}

Result<FileDescriptor> open_fifo(const std::string& path, int mode) {
    FileDescriptor file(open(path.c_str(), mode | O_NONBLOCK | O_CLOEXEC));
    if (!file) {
        if (errno == ENXIO) return Error{"open " + path + ": no process reads from it", ENXIO};
        return errno_error("open", path, errno);
    }
    struct stat info;
    if (fstat(file.get(), &info) != 0 || !S_ISFIFO(info.st_mode))
        return Error{"open " + path + ": not a named pipe", EINVAL};
    return file;
}

}  // namespace

bool is_baud_rate(unsigned baud) {
    return find_rate(baud) != nullptr;
}

Result<DeviceFiles> open_device(const Place& place) {
    DeviceFiles files;
    if (place.kind == Place::Kind::Tty) {
        files.input.reset(open(place.path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
        if (!files.input) return errno_error("open", place.path, errno);
        const auto locked = lock(files.input.get(), place.path);
        if (!locked) return locked.error();
        const auto raw = set_raw(files.input.get(), place);
        if (!raw) return raw.error();
        return files;
    }
    if (!place.source.empty()) {
        // Also for writing: so it does not end when the last writer goes, and shell commands may come one by
        // one.
        auto input = open_fifo(place.source, O_RDWR);
        if (!input) return input.error();
        const auto locked = lock(input->get(), place.source);
        if (!locked) return locked.error();
        files.input = input.take();
    }
    if (!place.path.empty()) {
        auto output = open_fifo(place.path, O_WRONLY);
        if (!output) return output.error();
        files.output = output.take();
    }
    return files;
}

}  // namespace marmoset::websocket_module
