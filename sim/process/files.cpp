#include "sim/process/files.hpp"

#include <algorithm>
#include <deque>
#include <fstream>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace davenport::sim::process {
namespace {

bool can_bind(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return free;
}

}  // namespace

std::optional<std::uint16_t> read_port_file(const std::filesystem::path& file) {
    std::ifstream in{file};
    int port = 0;
    if (!(in >> port) || port <= 0 || port > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(port);
}

std::string last_lines(const std::filesystem::path& file, int lines) {
    std::ifstream in{file};
    std::deque<std::string> kept;
    for (std::string line; std::getline(in, line);) {
        kept.push_back(line);
        if (kept.size() > static_cast<std::size_t>(lines)) kept.pop_front();
    }
    std::string text;
    for (const auto& line : kept) text += (text.empty() ? "" : "\n") + line;
    return text;
}

std::uint16_t pick_port(base::Random& random) {
    int outgoing_from = 32768;
    std::ifstream{"/proc/sys/net/ipv4/ip_local_port_range"} >> outgoing_from;
    const int low = 10'000;
    const int high = std::clamp(outgoing_from - 1, low + 1000, 65'535);
    for (int tries = 0; tries < 200; ++tries) {
        const auto port = static_cast<std::uint16_t>(random.between(low, high));
        if (can_bind(port)) return port;
    }
    return 0;
}

}  // namespace davenport::sim::process
