#include "sim/process/log_tail.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <fstream>

namespace davenport::sim::process {
namespace {

constexpr std::uintmax_t read_bytes_max =
    64 * 1024;  // at a time: a node that floods its log must not hold up the run
constexpr std::size_t text_bytes_max = 400;

}  // namespace

LogTail::Line read_log_line(std::string_view line) {
    constexpr std::size_t seconds_size = sizeof "2026-11-25T18:48:57" - 1,
                          time_size = seconds_size + sizeof ".824" - 1;
    const LogTail::Line without_time{{}, std::string{line.substr(0, text_bytes_max)}};
    const auto space = line.find(' ');
    if (space == std::string_view::npos || space < time_size || line[seconds_size] != '.')
        return without_time;
    std::tm parts{};
    const std::string seconds{line.substr(0, seconds_size)};
    const auto* end = ::strptime(seconds.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (!end || *end != '\0') return without_time;
    int ms = 0;
    std::from_chars(line.data() + seconds_size + 1, line.data() + time_size, ms);
    const std::string zone{line.substr(time_size, space - time_size)};
    std::int64_t unix_s = 0;
    if (zone.empty()) {  // a node of an older build: its machine's own zone
        parts.tm_isdst = -1;
        unix_s = std::mktime(&parts);
    } else {
        std::tm zone_parts{};
        end = ::strptime(zone.c_str(), "%z", &zone_parts);
        if (!end || *end != '\0') return without_time;
        unix_s = ::timegm(&parts) - zone_parts.tm_gmtoff;
    }
    return {base::wall_from_unix_ms(unix_s * 1000 + ms), std::string{line.substr(space + 1, text_bytes_max)}};
}

std::vector<LogTail::Line> LogTail::read() {
    std::error_code error;
    const auto size = std::filesystem::file_size(file_, error);
    if (error || size <= offset_) return {};
    std::string bytes(std::min(size - offset_, read_bytes_max), '\0');
    std::ifstream in{file_, std::ios::binary};
    in.seekg(static_cast<std::streamoff>(offset_));
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(in.gcount()));
    std::vector<Line> lines;
    std::string_view rest = bytes;
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
        lines.push_back(read_log_line(rest.substr(0, end)));
        rest.remove_prefix(end + 1);
    }
    if (rest.size() == read_bytes_max) rest = {};  // one line without an end: not to be waited for
    offset_ += bytes.size() - rest.size();
    return lines;
}

}  // namespace davenport::sim::process
