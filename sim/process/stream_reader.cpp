#include "sim/process/stream_reader.hpp"

#include "node/base/http.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace davenport::sim::process {
namespace {

constexpr int connect_patience_s = 5;
constexpr std::size_t requests_at_once = 500;

int connect_to(std::uint16_t port, int patience_s) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const timeval patience{patience_s, 0};
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
}

/// The last word of a line is how many bytes follow.
std::size_t last_number(std::string_view line) {
    return std::strtoul(std::string{line.substr(line.rfind(' ') + 1)}.c_str(), nullptr, 10);
}

}  // namespace

bool StreamReader::listens(std::uint16_t port) {
    const int fd = connect_to(port, connect_patience_s);
    if (fd >= 0) ::close(fd);
    return fd >= 0;
}

StreamReader::StreamReader(std::uint16_t port, int patience_s) : socket_{connect_to(port, patience_s)} {
    if (socket_ < 0) throw std::runtime_error{fmt::format("nats-server at port {} cannot be reached", port)};
    read_line();  // INFO
    send(
        "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true,\"name\":\"chatsim\"}\r\n"
        "SUB _INBOX.chatsim.* 1\r\n");
}

StreamReader::~StreamReader() { ::close(socket_); }

void StreamReader::send(const std::string& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
        const auto n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) throw std::runtime_error{"nats-server does not take what it is sent"};
        sent += static_cast<std::size_t>(n);
    }
}

std::string StreamReader::read_bytes(std::size_t count) {
    while (buffer_.size() < count) {
        char piece[64 * 1024];
        const auto n = ::recv(socket_, piece, sizeof piece, 0);
        if (n <= 0) throw std::runtime_error{"nats-server does not answer"};
        buffer_.append(piece, static_cast<std::size_t>(n));
    }
    auto out = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return out;
}

std::string StreamReader::read_line() {
    for (std::size_t looked = 0;;) {
        const auto end = buffer_.find("\r\n", looked);
        if (end != std::string::npos) {
            auto line = read_bytes(end + 2);
            line.resize(end);
            return line;
        }
        looked = buffer_.empty() ? 0 : buffer_.size() - 1;
        const auto more = read_bytes(buffer_.size() + 1);
        buffer_.insert(0, more);
    }
}

std::vector<std::string> StreamReader::ask(const std::string& subject,
                                           const std::vector<std::string>& payloads) {
    std::vector<std::string> answers(payloads.size());
    std::vector<bool> answered(payloads.size());
    for (std::size_t done = 0; done < payloads.size();) {
        const auto count = std::min(payloads.size() - done, requests_at_once);
        std::string requests;
        for (std::size_t i = 0; i < count; ++i) {
            const auto& payload = payloads[done + i];
            requests += fmt::format("PUB {} _INBOX.chatsim.{} {}\r\n{}\r\n", subject, asked_ + i,
                                    payload.size(), payload);
        }
        send(requests);
        for (std::size_t left = count; left > 0;) {
            const auto line = read_line();
            if (line.starts_with("PING")) send("PONG\r\n");
            if (line.starts_with("-ERR")) throw std::runtime_error{"nats-server says " + line};
            const bool has_headers = line.starts_with("HMSG ");
            if (!has_headers && !line.starts_with("MSG ")) continue;
            const auto body = read_bytes(last_number(line) + 2);
            const auto begin = line.find("_INBOX.chatsim.") + 15;
            const auto number = std::strtoul(line.c_str() + begin, nullptr, 10) - asked_ + done;
            // After a partition two servers may take themselves for the leader, and both answer.
            if (number < done || number >= done + count || answered[number]) continue;
            answered[number] = true;
            if (!has_headers) answers[number] = body.substr(0, body.size() - 2);
            --left;
        }
        asked_ += count;
        done += count;
    }
    return answers;
}

std::string StreamReader::all_documents(const std::string& stream) {
    std::vector<std::string> requests;
    for (std::size_t offset = 0;;) {
        const auto answer =
            ask("$JS.API.STREAM.INFO." + stream,
                {fmt::format(R"({{"subjects_filter":"{}.m.>","offset":{}}})", stream, offset)});
        const auto info = base::parse_json(answer.front());
        const auto* state = info ? base::member(*info, "state") : nullptr;
        const auto* subjects = state ? base::member(*state, "subjects") : nullptr;
        if (!subjects || !subjects->is_object()) break;
        for (const auto& [subject, count] : subjects->get_object()) {
            std::string request = R"({"last_by_subj":)";
            base::append_json_string(request, std::string_view{subject.data(), subject.size()});
            requests.push_back(request + '}');
        }
        offset = requests.size();
        const auto total = base::int_member(*info, "total").value_or(0);
        if (subjects->get_object().empty() || static_cast<std::int64_t>(offset) >= total) break;
    }
    std::string rows;
    for (const auto& answer : ask("$JS.API.STREAM.MSG.GET." + stream, requests)) {
        const auto told = base::parse_json(answer);
        const auto* message = told ? base::member(*told, "message") : nullptr;
        const auto data = message ? base::base64_decode(base::text_member(message, "data")) : std::nullopt;
        const auto document = data ? base::parse_json(*data) : std::nullopt;
        if (!document) continue;
        rows += rows.empty() ? R"({"id":)" : R"(,{"id":)";
        base::append_json_string(rows, base::text_member(*document, "_id"));
        rows += ",\"doc\":" + *data + '}';
    }
    return R"({"rows":[)" + rows + "]}";
}

std::int64_t StreamReader::drop_consumers(const std::string& stream) {
    const auto told = base::parse_json(ask("$JS.API.CONSUMER.NAMES." + stream, {""}).front());
    const auto* names = told ? base::member(*told, "consumers") : nullptr;
    if (!names || !names->is_array()) return 0;
    std::int64_t count = 0;
    for (const auto& name : names->get_array()) {
        const auto deleted = base::parse_json(
            ask(fmt::format("$JS.API.CONSUMER.DELETE.{}.{}", stream, std::string_view{name.as_string()}),
                {""})
                .front());
        count += deleted && base::bool_member(*deleted, "success") ? 1 : 0;
    }
    return count;
}

std::string StreamReader::leader(const std::string& stream) {
    const auto info = base::parse_json(ask("$JS.API.STREAM.INFO." + stream, {""}).front());
    return info ? base::text_member(base::member(*info, "cluster"), "leader") : std::string{};
}

bool StreamReader::is_ready() {
    const auto info = base::parse_json(ask("$JS.API.INFO", {""}).front());
    return info && info->is_object() && !base::member(*info, "error");
}

}  // namespace davenport::sim::process
