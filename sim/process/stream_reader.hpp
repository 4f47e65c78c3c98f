#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace davenport::sim::process {

/// A client of a NATS server on this machine, as small as can be: reads what a chat's stream holds, and
/// deletes it. Every call waits for its answer, `patience_s` at most.
///
/// Errors: std::runtime_error, with one line.
class StreamReader {
public:
    explicit StreamReader(std::uint16_t port, int patience_s = 5);
    ~StreamReader();
    StreamReader(const StreamReader&) = delete;
    StreamReader& operator=(const StreamReader&) = delete;

    [[nodiscard]] static bool listens(std::uint16_t port);

    /// All messages of the chat, as CouchDB's `_all_docs?include_docs=true` tells documents. A stream that is
    /// not there has none.
    std::string all_documents(const std::string& stream);
    /// Deletes all its consumers; returns how many there were.
    std::int64_t drop_consumers(const std::string& stream);
    /// The name of the server that leads the stream; empty when none does, or there is no stream.
    std::string leader(const std::string& stream);
    /// JetStream answers: of a cluster, its servers have elected a leader.
    bool is_ready();

private:
    void send(const std::string& bytes);
    std::string read_line();
    std::string read_bytes(std::size_t count);
    /// The payloads of the answers, in the order of the requests; empty where nobody answers.
    std::vector<std::string> ask(const std::string& subject, const std::vector<std::string>& payloads);

    int socket_ = -1;
    std::string buffer_;
    std::size_t asked_ = 0;
};

}  // namespace davenport::sim::process
