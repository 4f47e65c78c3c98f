#include "sim/scenario/yaml_tree.hpp"

#include "node/base/text.hpp"
#include "sim/scenario/yaml_form.hpp"

#include <array>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace davenport::sim {

namespace {

/// How many bytes a character of UTF-8 has that begins with this one.
std::size_t length_of(unsigned char first) { return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2; }

Location location_of(const YAML::Mark& mark) {
    if (mark.line < 0) return {};
    return {mark.line + 1, mark.column + 1};
}

/// Builds the tree from the parser's events.
class Builder final : public YAML::EventHandler {
public:
    explicit Builder(std::vector<Problem>& problems) : problems_{problems} {}

    Yaml take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        check(mark, "", anchor);
        put(made(Yaml::Kind::null, mark));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        problems_.push_back(
            {location_of(mark), "aliases are not part of the language", "write the value out"});
        put(made(Yaml::Kind::null, mark));
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check(mark, tag, anchor);
        auto scalar = made(Yaml::Kind::scalar, mark);
        scalar.text = value;
        scalar.quoted = tag == "!";  // yaml-cpp's way to say so; a plain one has "?"
        put(std::move(scalar));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check(mark, tag, anchor);
        open_.push_back({made(Yaml::Kind::list, mark), {}, false});
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check(mark, tag, anchor);
        open_.push_back({made(Yaml::Kind::map, mark), {}, false});
    }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        Yaml value;
        Yaml key;  // of a map: the key whose value is pending_deliveries
        bool has_key;
    };

    static Yaml made(Yaml::Kind kind, const YAML::Mark& mark) {
        Yaml value;
        value.kind = kind;
        value.location = location_of(mark);
        return value;
    }

    void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor)
            problems_.push_back({location_of(mark), "anchors are not part of the language",
                                 "write the value out where it is needed"});
        if (!tag.empty() && tag != "?" && tag != "!")
            problems_.push_back(
                {location_of(mark), fmt::format("tags are not part of the language: {}", tag), ""});
    }

    void put(Yaml value) {
        if (open_.empty()) {
            root_ = std::move(value);
            return;
        }
        auto& parent = open_.back();
        if (parent.value.kind == Yaml::Kind::list) {
            parent.value.items.push_back(std::move(value));
        } else if (!parent.has_key) {
            parent.key = std::move(value);
            parent.has_key = true;
        } else {
            parent.value.members.push_back({std::move(parent.key), std::move(value)});
            parent.key = {};
            parent.has_key = false;
        }
    }

    void close() {
        auto value = std::move(open_.back().value);
        open_.pop_back();
        put(std::move(value));
    }

    std::vector<Problem>& problems_;
    std::vector<Open> open_;
    Yaml root_;
};

/// A letter that takes no room at all, which nobody would find: a byte order mark within the text, or a blank
/// of no width. (What joins two letters into one has a meaning.) Empty when the text does not begin with one.
std::string_view invisible_at(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> all{{{"\xef\xbb\xbf", "U+FEFF"},
                                                                                {"\xe2\x80\x8b", "U+200B"},
                                                                                {"\xe2\x80\x8e", "U+200E"},
                                                                                {"\xe2\x80\x8f", "U+200F"},
                                                                                {"\xe2\x81\xa0", "U+2060"}}};
    for (const auto& [bytes, name] : all)
        if (text.starts_with(bytes)) return name;
    return {};
}

/// What an editor has saved in another encoding, or a program has written by mistake.
std::optional<Problem> find_character_mistake(std::string_view text) {
    Location place{1, 1};
    for (std::size_t i = 0; i < text.size(); ++i, ++place.column) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == '\n') {
            place = {place.line + 1, 0};
        } else if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f) {
            return Problem{place, fmt::format("a control character, 0x{:02x}", c),
                           "save the file as UTF-8, without characters that are not to be seen"};
        } else if (c >= 0x80 && !base::is_utf8(text.substr(i, length_of(c)))) {
            return Problem{place, "the file is not UTF-8", "save it as UTF-8"};
        } else if (const auto name = invisible_at(text.substr(i)); c >= 0x80 && !name.empty()) {
            return Problem{place, fmt::format("a character that is not to be seen, {}", name),
                           "take it out: write the line anew"};
        } else if (c >= 0x80) {
            place.column += static_cast<int>(length_of(c)) - 1;
            i += length_of(c) - 1;
        }
    }
    return {};
}

}  // namespace

const Yaml* Yaml::find(std::string_view key) const {
    for (const auto& [name, value] : members)
        if (name.text == key) return &value;
    return nullptr;
}

Yaml parse_yaml(std::string_view text, std::vector<Problem>& problems) {
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (auto mistake = find_character_mistake(text)) return problems.push_back(std::move(*mistake)), Yaml{};
    if (auto mistake = find_layout_mistake(text)) {
        if (mistake->hint.empty()) mistake->hint = "other mistakes show once this one is mended";
        problems.push_back(std::move(*mistake));
        return {};
    }
    Builder builder{problems};
    try {
        std::istringstream stream{std::string{text}};
        YAML::Parser parser{stream};
        if (!parser.HandleNextDocument(builder)) {
            problems.push_back(
                {{}, "the file is empty", "'chatsim explain' shows what a scenario is made of"});
            return {};
        }
        auto root = builder.take();
        std::vector<Problem> unused;
        Builder second{unused};
        if (parser.HandleNextDocument(second))
            problems.push_back({second.take().location, "a second document", "one scenario a file"});
        return root;
    } catch (const YAML::Exception& error) {
        if (error.msg.find("anchor is not defined") != std::string::npos) {
            problems.push_back(
                {location_of(error.mark), "aliases are not part of the language", "write the value out"});
            return {};
        }
        problems.push_back({location_of(error.mark), fmt::format("not YAML: {}", error.msg),
                            "other mistakes show once this one is mended"});
        return {};
    }
}

}  // namespace davenport::sim
