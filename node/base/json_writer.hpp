#pragma once

#include "node/base/json.hpp"

#include <concepts>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace davenport::base {

/// Appends one JSON text to a string, without spaces, in the order of the calls; the commas and colons are
/// its own.
///
///     JsonWriter json{out};
///     json.begin_object().member("t", "joined").member("n", 7).key("rooms").begin_array();
///     for (const auto& room : rooms) json.value(room);
///     json.end_array().end_object();
///
/// It holds two words of state and allocates nothing but what `out` grows by. What is opened must be closed
/// in order, and a key must be followed by one value: neither is checked. Texts must be UTF-8.
class JsonWriter {
public:
    /// `out` must outlive the writer; what it holds already is kept.
    explicit JsonWriter(std::string& out) : out_(out) {}

    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }

    /// The name of an object's next member.
    JsonWriter& key(std::string_view name) {
        separate();
        append_json_string(out_, name);
        out_ += ':';
        needs_comma_ = false;
        return *this;
    }

    JsonWriter& value(std::string_view text) {
        separate();
        append_json_string(out_, text);
        return *this;
    }
    JsonWriter& value(const char* text) { return value(std::string_view{text}); }
    JsonWriter& value(bool yes) { return raw(yes ? "true" : "false"); }
    template <std::integral Number>
    requires(!std::same_as<Number, bool>) JsonWriter& value(Number number) {
        separate();
        fmt::format_to(std::back_inserter(out_), "{}", number);
        return *this;
    }
    /// A value that is JSON text already.
    JsonWriter& raw(std::string_view json_text) {
        separate();
        out_ += json_text;
        return *this;
    }

    template <class Value>
    JsonWriter& member(std::string_view name, const Value& its_value) {
        return key(name).value(its_value);
    }

private:
    void separate() {
        if (needs_comma_) out_ += ',';
        needs_comma_ = true;
    }
    JsonWriter& open(char bracket) {
        separate();
        out_ += bracket;
        needs_comma_ = false;
        return *this;
    }
    JsonWriter& close(char bracket) {
        out_ += bracket;
        needs_comma_ = true;
        return *this;
    }

    std::string& out_;
    bool needs_comma_ = false;
};

}  // namespace davenport::base
