#pragma once

#include "sim/record/record.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

/// history.jsonl on disk: written as the run goes on, read by whoever judges a stored run again.
namespace davenport::sim {

/// Appends each record as a line to a new file.
///
/// Lines are gathered and written in blocks, so a run that dies may lose its last ones; the destructor writes
/// what is left. Errors: none thrown; error() says what went wrong with the file, then and later records are
/// dropped.
class HistoryWriter final : public HistorySink {
public:
    explicit HistoryWriter(const std::filesystem::path& file);
    ~HistoryWriter() override;
    HistoryWriter(const HistoryWriter&) = delete;
    HistoryWriter& operator=(const HistoryWriter&) = delete;

    void add(const Record& record) override;
    void flush();
    [[nodiscard]] const std::string& error() const { return error_; }

private:
    std::filesystem::path path_;
    std::ofstream file_;
    std::string block_;
    std::string error_;
};

/// Feeds the records of `file` to `sink`, in order. Returns "" or what is wrong, as "file:line: error: ...".
/// The last line may be torn (the writer was killed): it is left out when it has no newline and is no record.
std::string read_history(const std::filesystem::path& file, HistorySink& sink);

}  // namespace davenport::sim
