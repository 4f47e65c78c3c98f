#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace davenport::sim::process {

/// A chat node that runs elsewhere, and that a run takes part in rather than starts.
struct AttachedNode {
    std::string host;
    std::uint16_t port = 0;

    /// "http://host:port"
    [[nodiscard]] std::string url() const;
    /// What the Host header says.
    [[nodiscard]] std::string authority() const;
};

/// Reads "http://host:port". Throws std::runtime_error that says what is wrong with it.
AttachedNode parse_attached_node(std::string_view url);

}  // namespace davenport::sim::process
