#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace davenport::base {

/// A value in a JSON text that a JsonReader has read; it lives until that reader reads another one, and so do
/// the views of strings in it.
class JsonView {
public:
    explicit JsonView(simdjson::dom::element element) : element_{element} {}

    [[nodiscard]] bool is_null() const { return element_.is_null(); }
    [[nodiscard]] bool is_object() const { return element_.is_object(); }
    /// The value, if it is of that type.
    [[nodiscard]] std::optional<std::string_view> string() const { return get<std::string_view>(); }
    [[nodiscard]] std::optional<std::int64_t> integer() const { return get<std::int64_t>(); }
    [[nodiscard]] std::optional<bool> boolean() const { return get<bool>(); }
    /// The JSON text of the value, without spaces.
    [[nodiscard]] std::string text() const;

    /// Calls `use(JsonView)` with each item of an array, `use(std::string_view, JsonView)` with each member
    /// of an object; false, and no call, when it is not that.
    template <class Use>
    bool each_item(const Use& use) const {
        const auto items = get<simdjson::dom::array>();
        if (!items) return false;
        for (const auto item : *items) use(JsonView{item});
        return true;
    }
    template <class Use>
    bool each_member(const Use& use) const {
        const auto members = get<simdjson::dom::object>();
        if (!members) return false;
        for (const auto [key, value] : *members) use(key, JsonView{value});
        return true;
    }
    /// The member `key`, if this is an object and has it.
    [[nodiscard]] std::optional<JsonView> member(std::string_view key) const {
        const auto members = get<simdjson::dom::object>();
        if (!members) return std::nullopt;
        simdjson::dom::element found;
        if (members->at_key(key).get(found) != simdjson::SUCCESS) return std::nullopt;
        return JsonView{found};
    }
    /// Several members in one pass, each as member() has it. No key is empty.
    template <std::size_t Count>
    [[nodiscard]] std::array<std::optional<JsonView>, Count> members(
        const std::array<std::string_view, Count>& keys) const {
        std::array<std::optional<JsonView>, Count> found;
        each_member([&](std::string_view key, JsonView value) {
            const char first = key.empty() ? '\0' : key.front();
            for (std::size_t i = 0; i < Count; ++i)  // most differ in length or at once
                if (keys[i].size() == key.size() && keys[i].front() == first && keys[i] == key && !found[i])
                    found[i] = value;
        });
        return found;
    }

private:
    template <class T>
    [[nodiscard]] std::optional<T> get() const {
        T value;
        return element_.get(value) == simdjson::SUCCESS ? std::optional<T>{value} : std::nullopt;
    }

    simdjson::dom::element element_;
};

/// What a member is, if it is there and of that type.
inline std::optional<std::string_view> string_of(const std::optional<JsonView>& member) {
    return member ? member->string() : std::nullopt;
}
inline bool is_true(const std::optional<JsonView>& member) {
    return member && member->boolean().value_or(false);
}

/// Members by name and type, as those of json.hpp.
inline std::optional<std::string_view> string_member(const JsonView& value, std::string_view key) {
    const auto found = value.member(key);
    return found ? found->string() : std::nullopt;
}
inline std::string text_member(const JsonView& value, std::string_view key) {
    return std::string{string_member(value, key).value_or("")};
}
inline std::optional<std::int64_t> int_member(const JsonView& value, std::string_view key) {
    const auto found = value.member(key);
    return found ? found->integer() : std::nullopt;
}
inline bool bool_member(const JsonView& value, std::string_view key, bool otherwise = false) {
    const auto found = value.member(key);
    return found ? found->boolean().value_or(otherwise) : otherwise;
}

/// Reads JSON texts by the thousand: rows of a feed, frames of a connection. It takes all that parse_json()
/// takes, and deeper ones, and keeps its memory from one text to the next. Of members with one name the first
/// counts, as with CouchDB.
class JsonReader {
public:
    /// One whole JSON text; nothing when it is not valid. `text` is copied. What was read before is gone.
    std::optional<JsonView> read(std::string_view text);

private:
    std::optional<JsonView> parse(std::string_view text);

    simdjson::dom::parser parser_;
    std::unique_ptr<char[]>
        padded_;  ///< the text, and behind it bytes of any kind that the parser may look at
    std::size_t padded_bytes_ = 0;
};

}  // namespace davenport::base
