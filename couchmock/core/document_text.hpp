#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::couchmock {

/// A document as it came in, read once: its own members as JSON text ready to be served and as the Erlang
/// term that its revision is a hash of, and the members that mean something to the store.
struct DocumentText {
    std::string body;  ///< `"n":1,"list":[]`: compact, without the braces and the special members
    std::string term;  ///< the same as an external term, an Erlang `{[{Key, Value}, ...]}`
    std::vector<std::pair<std::string, std::string>>
        special;  ///< "_id", "_rev"...: name and JSON text of the value

    [[nodiscard]] const std::string* find_special(std::string_view name) const;
};

enum class ReadError {
    invalid_json,  ///< CouchDB: "invalid UTF-8 JSON"
    no_object,     ///< CouchDB: "Document must be a JSON object"
};

/// Reads one JSON text as CouchDB does: strict, of two equal keys the later one counts, numbers as Erlang
/// prints them. Returns the error, or nothing and the document in `out`.
std::optional<ReadError> read_document(std::string_view json, DocumentText& out);

/// The compact form of any JSON text, numbers as Erlang prints them; nothing when it is not valid.
std::optional<std::string> compact_json(std::string_view json);

/// `value` as CouchDB prints it: 1.0, 0.1, 1e-7, 1e+21.
void append_json_double(std::string& out, double value);

}  // namespace davenport::couchmock
