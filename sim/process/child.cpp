#include "sim/process/child.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace davenport::sim::process {
namespace {

/// A descriptor that is closed in time.
struct Descriptor {
    int fd;
    explicit Descriptor(int opened) : fd{opened} {}
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    void close() {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }
};

/// In the child, between fork and exec: only calls that are safe there. Does not return.
[[noreturn]] void become(char* const* arguments, char* const* environment, int log, int report,
                         pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // the parent died before prctl

    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int ours : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGCHLD}) ::signal(ours, SIG_DFL);

    const int empty = ::open("/dev/null", O_RDONLY);
    ::dup2(empty, STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    // Sockets of ours in a child would keep connections open that we have closed. `report` closes itself at
    // exec.
    if (report > 3) ::close_range(3, static_cast<unsigned>(report) - 1, 0);
    ::close_range(static_cast<unsigned>(report) + 1, ~0U, 0);

    ::execve(arguments[0], arguments, environment);
    const int why = errno;
    [[maybe_unused]] const auto written = ::write(report, &why, sizeof why);
    ::_exit(127);
}

Exit exit_of(int status) {
    if (WIFSIGNALED(status)) return {.code = 0, .signal = WTERMSIG(status)};
    return {.code = WEXITSTATUS(status), .signal = 0};
}

}  // namespace

std::string describe(const Exit& exit) {
    if (exit.signal != 0) return fmt::format("signal {} ({})", exit.signal, ::strsignal(exit.signal));
    return fmt::format("exit code {}", exit.code);
}

Child::Child(const std::vector<std::string>& command, const std::filesystem::path& log,
             const std::vector<std::string>& environment) {
    std::vector<char*> arguments;
    for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    std::vector<char*> variables;
    for (const auto& variable : environment) variables.push_back(const_cast<char*>(variable.c_str()));
    for (char** ours = environ; *ours; ++ours) variables.push_back(*ours);
    variables.push_back(nullptr);

    Descriptor output{::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
    if (output.fd < 0)
        throw std::system_error{errno, std::generic_category(), "cannot write " + log.string()};
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error{errno, std::generic_category(), "pipe"};
    Descriptor from{ends[0]};
    Descriptor to{ends[1]};

    const auto self = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::system_error{errno, std::generic_category(), "fork"};
    if (pid_ == 0) become(arguments.data(), variables.data(), output.fd, to.fd, self);
    to.close();

    // The pipe closes without a word when exec has worked.
    int why = 0;
    ssize_t n;
    do n = ::read(from.fd, &why, sizeof why);
    while (n < 0 && errno == EINTR);
    if (n == static_cast<ssize_t>(sizeof why)) {
        kill();
        throw std::system_error{why, std::generic_category(), "cannot run " + command[0]};
    }
}

Child& Child::operator=(Child&& other) noexcept {
    if (this != &other) {
        kill();
        pid_ = std::exchange(other.pid_, -1);
    }
    return *this;
}

std::optional<std::int64_t> Child::resident_bytes() const {
    if (!running()) return std::nullopt;
    std::ifstream file{fmt::format("/proc/{}/statm", pid_)};
    std::int64_t size = 0, resident = 0;
    if (!(file >> size >> resident)) return std::nullopt;
    return resident * ::sysconf(_SC_PAGESIZE);
}

void Child::signal(int signal) const {
    if (running()) ::kill(pid_, signal);
}

void Child::limit_file_size(std::int64_t bytes) const {
    if (!running()) return;
    rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) return;
    if (bytes >= 0) limit.rlim_cur = std::min(limit.rlim_cur, static_cast<rlim_t>(bytes));
    ::prlimit(pid_, RLIMIT_FSIZE, &limit, nullptr);
}

void Child::kill() {
    if (!running()) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
}

std::optional<Exit> Child::poll() {
    if (!running()) return std::nullopt;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = -1;
    return exit_of(status);
}

}  // namespace davenport::sim::process
