#pragma once

#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace davenport::wire {

/// A server's certificate and key, for all of its connections. TLS 1.2 at least.
///
/// Threads: one. Errors: std::invalid_argument with one line that names the file and the remedy.
class TlsIdentity {
public:
    TlsIdentity(std::string cert_file, std::string key_file);

    /// Reads the files again, for connections that are still to come; when they are no good all stays as it
    /// is.
    void reload();

private:
    friend class TlsChannel;
    std::string cert_file_, key_file_;
    std::shared_ptr<ssl_ctx_st> context_;
};

/// The server's end of one TLS connection, without the connection: bytes in, bytes out.
///
/// Whatever was called, what take_output() gives is to be sent next, in order.
class TlsChannel {
public:
    explicit TlsChannel(const TlsIdentity& identity);

    enum class Outcome {
        open,    ///< go on; the handshake may still be under way
        ended,   ///< the other side has said goodbye
        broken,  ///< no TLS, or a breach of it; the output may hold a last word
    };
    /// What came from the other side; what it says is appended to `plain`.
    Outcome receive(std::string_view bytes, std::string& plain);
    /// What is to be said. Nothing before the handshake is done.
    void seal(std::string_view plain);
    /// Says goodbye.
    void end();

    [[nodiscard]] std::string take_output();

    /// What is on its way to OpenSSL and from it.
    struct Bytes {
        std::string_view in;
        std::string out;
    };

private:
    struct Free {
        void operator()(ssl_st* ssl) const;
    };
    std::shared_ptr<ssl_ctx_st> context_;
    std::unique_ptr<Bytes> bytes_;  ///< outlives what reads and writes them
    std::unique_ptr<ssl_st, Free> ssl_;
    std::string first_word_;  ///< to somebody who speaks plain HTTP
};

}  // namespace davenport::wire
