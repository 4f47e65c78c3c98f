#pragma once

#include <filesystem>
#include <string>

namespace davenport::sim::program {

/// The folder of one run, emptied, and this run's alone until the object is gone: another run that is given
/// it meanwhile is refused, and deletes nothing.
class RunFolder {
public:
    explicit RunFolder(const std::filesystem::path& folder);
    ~RunFolder();
    RunFolder(const RunFolder&) = delete;
    RunFolder& operator=(const RunFolder&) = delete;

    /// Why the folder cannot be used, for the terminal; empty when it can.
    [[nodiscard]] const std::string& error() const { return error_; }

private:
    int lock_ = -1;
    std::string error_;
};

}  // namespace davenport::sim::program
