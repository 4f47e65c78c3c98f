/// Notes when a program reads, writes and syncs: preloaded (LD_PRELOAD) into the programs of one measurement,
/// which are built as always.
///
/// Each process writes BENCH_TRACE.<pid>, records of 40 bytes (struct Note), in the order in which they were
/// begun; the clock is CLOCK_MONOTONIC, one for all processes of the machine. drive/trace.py joins them. A
/// note costs some 0.1 us, so a message's way of a millisecond is lengthened by one in a thousand.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

enum class Kind : std::uint32_t { received = 1, sends, woken, syncs, synced };

struct Note {
    std::uint64_t at_ns;
    Kind kind;
    std::uint32_t thread;
    std::uint32_t local_port, remote_port;  ///< 0: no TCP socket
    std::int64_t bytes;
    std::uint64_t unused;
};
static_assert(sizeof(Note) == 40);

constexpr std::size_t notes_max = 1 << 20;

struct Notes {
    Note* first = nullptr;
    std::atomic<std::size_t> count{0};

    Notes() {
        const char* path = std::getenv("BENCH_TRACE");
        if (!path) return;
        const auto name = std::string{path} + '.' + std::to_string(::getpid());
        const int file = ::open(name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (file < 0 || ::ftruncate(file, static_cast<off_t>(notes_max * sizeof(Note))) != 0) return;
        auto* place = ::mmap(nullptr, notes_max * sizeof(Note), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        ::close(file);
        if (place != MAP_FAILED) first = static_cast<Note*>(place);
    }
};

Notes& notes() {
    static Notes all;
    return all;
}

std::uint64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint32_t port_of(int fd, int (*ask)(int, sockaddr*, socklen_t*)) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (ask(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || address.sin_family != AF_INET) return 0;
    return ntohs(address.sin_port);
}

void note(Kind kind, int fd, std::int64_t bytes) {
    auto& all = notes();
    if (!all.first) return;
    const auto at = now_ns();
    const auto number = all.count.fetch_add(1, std::memory_order_relaxed);
    if (number >= notes_max) return;
    const bool socket = fd >= 0;
    all.first[number] = {at,
                         kind,
                         static_cast<std::uint32_t>(::gettid()),
                         socket ? port_of(fd, ::getsockname) : 0,
                         socket ? port_of(fd, ::getpeername) : 0,
                         bytes,
                         0};
}

/// What this library's function stands before.
template <class Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

template <class Call>
ssize_t received(int fd, const Call& call) {
    const auto count = call();
    if (count > 0) note(Kind::received, fd, count);
    return count;
}

}  // namespace

extern "C" {

ssize_t recv(int fd, void* to, size_t size, int flags) {
    static auto* const real = next<ssize_t(int, void*, size_t, int)>("recv");
    return received(fd, [&] { return real(fd, to, size, flags); });
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
    static auto* const real = next<ssize_t(int, msghdr*, int)>("recvmsg");
    return received(fd, [&] { return real(fd, message, flags); });
}

ssize_t send(int fd, const void* from, size_t size, int flags) {
    static auto* const real = next<ssize_t(int, const void*, size_t, int)>("send");
    note(Kind::sends, fd, static_cast<std::int64_t>(size));
    return real(fd, from, size, flags);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    static auto* const real = next<ssize_t(int, const msghdr*, int)>("sendmsg");
    std::int64_t size = 0;
    for (std::size_t i = 0; i < message->msg_iovlen; ++i)
        size += static_cast<std::int64_t>(message->msg_iov[i].iov_len);
    note(Kind::sends, fd, size);
    return real(fd, message, flags);
}

int epoll_wait(int fd, epoll_event* events, int count, int timeout) {
    static auto* const real = next<int(int, epoll_event*, int, int)>("epoll_wait");
    const auto found = real(fd, events, count, timeout);
    if (timeout != 0) note(Kind::woken, -1, found);
    return found;
}

int fdatasync(int fd) {
    static auto* const real = next<int(int)>("fdatasync");
    note(Kind::syncs, -1, 0);
    const auto result = real(fd);
    note(Kind::synced, -1, 0);
    return result;
}
}
