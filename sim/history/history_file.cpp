#include "sim/history/history_file.hpp"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace davenport::sim {

namespace {

constexpr std::size_t block_bytes = 256 * 1024;

}  // namespace

HistoryWriter::HistoryWriter(const std::filesystem::path& file)
    : path_{file}, file_{file, std::ios::binary | std::ios::trunc} {
    if (!file_) error_ = fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(errno));
    block_.reserve(block_bytes + 4096);
}

HistoryWriter::~HistoryWriter() { flush(); }

void HistoryWriter::add(const Record& record) {
    if (!error_.empty()) return;
    append_line(block_, record);
    block_ += '\n';
    if (block_.size() >= block_bytes) flush();
}

void HistoryWriter::flush() {
    if (!error_.empty()) return;
    file_.write(block_.data(), static_cast<std::streamsize>(block_.size()));
    file_.flush();
    block_.clear();
    if (!file_) error_ = fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(errno));
}

std::string read_history(const std::filesystem::path& file, HistorySink& sink) {
    std::ifstream in{file, std::ios::binary};
    if (!in) return fmt::format("{}: error: cannot be read: {}", file.string(), std::strerror(errno));
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        const bool whole = !in.eof();  // getline stopped at a newline, not at the end
        const auto record = parse_line(line);
        if (record) {
            sink.add(*record);
        } else if (whole) {
            return fmt::format("{}:{}: error: not a history record", file.string(), number);
        }
    }
    return {};
}

}  // namespace davenport::sim
