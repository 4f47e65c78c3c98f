#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace davenport::sim::process {

/// How a child process ended.
struct Exit {
    int code = 0;    ///< what it returned, when `signal` is 0
    int signal = 0;  ///< what killed it
    [[nodiscard]] bool clean() const { return code == 0 && signal == 0; }
};

/// "exit code 3", "signal 9 (Killed)"
std::string describe(const Exit& exit);

/// One process that we started, and that does not outlive us.
///
/// It runs in a process group of its own, so that Ctrl-C reaches us alone and we decide in which order things
/// end; the kernel kills it when we die in any way, SIGKILL included. Its standard output and error are
/// appended to a log file, its standard input is /dev/null, and it inherits no other descriptor.
///
/// Threads: spawn from a thread that lives as long as the child shall (the kernel watches the thread, not the
/// process).
class Child {
public:
    Child() = default;
    /// Throws std::system_error when the program can't be started at all (an unreadable path is told here,
    /// not as an exit). `environment`: "NAME=value", added to our own; a password is seen there by its owner
    /// only.
    Child(const std::vector<std::string>& command, const std::filesystem::path& log,
          const std::vector<std::string>& environment = {});
    /// SIGKILL, and waits for the end.
    ~Child() { kill(); }
    Child(Child&& other) noexcept { *this = std::move(other); }
    Child& operator=(Child&& other) noexcept;

    [[nodiscard]] bool running() const { return pid_ > 0; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Bytes of memory that it has resident now; nothing when it does not run.
    [[nodiscard]] std::optional<std::int64_t> resident_bytes() const;

    /// Sends `signal`; nothing when it is not running.
    void signal(int signal) const;
    /// From now on no file that it writes may be longer than `bytes`; -1: as long as ours.
    void limit_file_size(std::int64_t bytes) const;
    /// SIGKILL, and waits for the end: a killed process holds its port and its journal's lock until it is
    /// gone.
    void kill();
    /// How it ended, once, at the first call after its end. Never blocks.
    std::optional<Exit> poll();

private:
    pid_t pid_ = -1;
};

}  // namespace davenport::sim::process
