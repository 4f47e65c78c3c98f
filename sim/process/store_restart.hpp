#pragma once

#include "sim/process/child.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace davenport::sim::process {

/// Restarts a store that is not ours: runs the shell command that kills it, then the one that starts it.
class StoreRestart {
public:
    StoreRestart(std::string kill, std::string start, std::filesystem::path log)
        : kill_{std::move(kill)}, start_{std::move(start)}, log_{std::move(log)} {}

    /// False when a restart is under way already. `fault` is returned by poll() at the end.
    bool begin(std::size_t fault) {
        if (running_) return false;
        running_.emplace(Running{fault, shell(kill_), true});
        return true;
    }

    struct Ended {
        std::size_t fault;
        bool done;  ///< both commands succeeded
    };
    /// How the restart ended, once. Never blocks.
    std::optional<Ended> poll() {
        const auto exit = running_ ? running_->command.poll() : std::nullopt;
        if (!exit) return std::nullopt;
        if (exit->clean() && std::exchange(running_->killing, false) && !start_.empty()) {
            running_->command = shell(start_);
            return std::nullopt;
        }
        const Ended ended{running_->fault, exit->clean()};
        running_.reset();
        return ended;
    }

private:
    struct Running {
        std::size_t fault;
        Child command;
        bool killing;
    };
    [[nodiscard]] Child shell(const std::string& command) const {
        return Child{{"/bin/sh", "-c", command}, log_};
    }

    std::string kill_, start_;
    std::filesystem::path log_;
    std::optional<Running> running_;
};

}  // namespace davenport::sim::process
