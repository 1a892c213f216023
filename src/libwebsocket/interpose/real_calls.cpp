#include "libwebsocket/interpose/real_calls.h"

#include <dlfcn.h>

namespace marmoset::interpose {

namespace {

template <typename Function>
void find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

RealCalls find_all() {
    RealCalls calls;
#define FIND(name) find(calls.name, #name)
    FIND(socket);
    FIND(accept4);
    FIND(close);
    FIND(dup);
    FIND(dup2);
    FIND(dup3);
    FIND(shutdown);
    FIND(getpeername);
    FIND(fcntl);
    FIND(ioctl);
    FIND(recvmsg);
    FIND(recvfrom);
    FIND(sendmsg);
    FIND(sendto);
    FIND(read);
    FIND(readv);
    FIND(write);
    FIND(writev);
    FIND(sendfile);
    FIND(ppoll);
    FIND(pselect);
    FIND(epoll_ctl);
    FIND(epoll_pwait);
    FIND(close_range);
    FIND(closefrom);
    FIND(_exit);
#undef FIND
    return calls;
}

}  // namespace

const RealCalls& real() {
    static const RealCalls calls = find_all();
    return calls;
}

}  // namespace marmoset::interpose
