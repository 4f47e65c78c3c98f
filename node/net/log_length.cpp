#include "node/net/log_length.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace davenport::node {
namespace {

/// The WAL-index header: it stands there twice, so that a reader knows when it is just being written. All
/// numbers are in this machine's order of bytes.
struct Header {
    std::uint32_t version, unused, changes;
    std::uint8_t is_made, big_endian;
    std::uint16_t page_bytes;  ///< 1: 65536
    std::uint32_t pages;       ///< in the log
    std::array<std::uint32_t, 7> rest;
};
static_assert(sizeof(Header) == 48);

constexpr std::int64_t log_head_bytes = 32, page_head_bytes = 24;

}  // namespace

LogLength::~LogLength() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool LogLength::is_cut() {
    const std::scoped_lock lock{looking_};
    struct ::stat index {
    }, open{};
    if (::stat(index_.c_str(), &index) != 0) return false;
    if (descriptor_ >= 0 && (::fstat(descriptor_, &open) != 0 || open.st_ino != index.st_ino))
        ::close(std::exchange(descriptor_, -1));  // SQLite made another since
    if (descriptor_ < 0) descriptor_ = ::open(index_.c_str(), O_RDONLY | O_CLOEXEC);
    std::array<Header, 2> headers{};
    if (::pread(descriptor_, headers.data(), sizeof headers, 0) != sizeof headers) return false;
    const auto& header = headers[0];
    if (std::memcmp(&headers[0], &headers[1], sizeof header) != 0 || header.is_made == 0) return false;
    const std::int64_t page = header.page_bytes == 1 ? 65536 : header.page_bytes;
    struct ::stat log {};
    return header.pages > 0 && ::stat(log_.c_str(), &log) == 0 &&
           log.st_size < log_head_bytes + (page_head_bytes + page) * header.pages;
}

}  // namespace davenport::node
