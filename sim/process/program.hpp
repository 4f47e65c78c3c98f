#pragma once

#include "node/base/time.hpp"
#include "sim/process/child.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace davenport::sim::process {

/// A program of ours as a world has it: started, ready when its port files are there, ended, started again.
class Program {
public:
    struct Setup {
        std::string name;  ///< "n1"
        std::vector<std::string> command;
        std::vector<std::filesystem::path> port_files;  ///< written by the program when it listens
        std::filesystem::path log;
        std::vector<std::string> environment = {};  ///< "NAME=value", beside our own
    };
    enum class State { gone, starting, ready, ending };

    explicit Program(Setup setup) : setup_{std::move(setup)} {}

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] const Setup& setup() const { return setup_; }

    /// Bytes of memory that it has resident now; nothing when it does not run.
    [[nodiscard]] std::optional<std::int64_t> resident_bytes() const { return child_.resident_bytes(); }

    void start(base::Time now);
    void kill();
    void terminate(base::Time now);
    void pause();
    void resume();
    /// Nothing more fits on its disk, as far as it can tell, or all does again.
    void fill_disk(bool full) const { child_.limit_file_size(full ? 0 : -1); }

    /// A change since the last call. To be called again and again while the program lives: nothing else
    /// notices its end.
    struct Change {
        bool ready = false;  ///< else it is gone
        std::string how;     ///< it ended, with the log's last lines when that was no clean end
        bool clean = false;
    };
    std::optional<Change> poll(base::Time now);

private:
    Change gone(std::string how, bool clean);

    Setup setup_;
    Child child_;
    State state_ = State::gone;
    base::Time deadline_{};  ///< of a start or an end
    bool killed_ = false;    ///< not yet told
};

}  // namespace davenport::sim::process
