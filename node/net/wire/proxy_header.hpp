#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace davenport::wire {

/// Reads the header of the PROXY protocol (haproxy's doc/proxy-protocol.txt, versions 1 and 2), which a proxy
/// may put before everything else that it passes on, TLS included: it says whose connection that is. A
/// machine without I/O, for one connection.
class ProxyHeader {
public:
    enum class State {
        open,  ///< more bytes are needed to know
        none,  ///< the connection begins without one
        read,  ///< address() is known
        bad,   ///< it begins with one that cannot be read
    };
    /// Takes the connection's first bytes, cut anywhere, until the state is not `open` any more.
    State feed(std::string_view bytes);
    /// What was fed and does not belong to the header.
    [[nodiscard]] std::string_view rest() const { return std::string_view{bytes_}.substr(used_); }
    /// Of whoever is behind the proxy; empty when the proxy speaks for itself, or does not know.
    [[nodiscard]] const std::string& address() const { return address_; }

private:
    State read_text();
    State read_binary();

    std::string bytes_;
    std::size_t used_ = 0;
    std::string address_;
};

}  // namespace davenport::wire
