#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace davenport::couchmock {

/// Which attachments are kept compressed, and how much: `[attachments]` of the configuration.
struct Compression {
    int level = 8;  ///< of zlib; 0: none is
    std::vector<std::string> types{"text/*", "application/javascript", "application/json", "application/xml"};

    /// Takes what a configuration says: "text/*, application/json".
    void set_types(std::string_view list);
    [[nodiscard]] bool wants(std::string_view content_type) const;
};

}  // namespace davenport::couchmock
