#include "couchmock/core/json_slices.hpp"

#include "node/base/json.hpp"

namespace davenport::couchmock {
namespace {

constexpr std::string_view space = " \n\r\t";

class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    void skip_space() { at_ = std::min(text_.find_first_not_of(space, at_), text_.size()); }
    bool take(char c) {
        skip_space();
        if (at_ == text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool at_end() {
        skip_space();
        return at_ == text_.size();
    }
    /// One value of any kind, as far as its brackets and quotes go.
    std::optional<std::string_view> value() {
        skip_space();
        const auto begin = at_;
        int depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                if (!skip_string()) return std::nullopt;
                if (depth == 0) break;
                continue;
            }
            if (depth == 0 && (c == ',' || c == ':' || c == '}' || c == ']')) break;
            if (c == '{' || c == '[') ++depth;
            ++at_;
            if ((c == '}' || c == ']') && --depth == 0) break;
        }
        auto piece = text_.substr(begin, at_ - begin);
        while (!piece.empty() && space.find(piece.back()) != std::string_view::npos) piece.remove_suffix(1);
        return depth == 0 && !piece.empty() ? std::optional{piece} : std::nullopt;
    }

private:
    bool skip_string() {
        const auto begin = ++at_;
        for (auto quote = text_.find('"', at_); quote != std::string_view::npos;
             quote = text_.find('"', quote + 1)) {
            auto plain = quote;  // behind the last letter that is no backslash
            while (plain > begin && text_[plain - 1] == '\\') --plain;
            if ((quote - plain) % 2 != 0) continue;  // it is escaped
            at_ = quote + 1;
            return true;
        }
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<std::pair<std::string, std::string_view>>> slice_object(std::string_view text) {
    Scanner scanner{text};
    if (!scanner.take('{')) return std::nullopt;
    std::vector<std::pair<std::string, std::string_view>> members;
    if (scanner.take('}')) return scanner.at_end() ? std::optional{std::move(members)} : std::nullopt;
    do {
        const auto key = scanner.value();
        if (!key || !key->starts_with('"') || !scanner.take(':')) return std::nullopt;
        const auto name = base::parse_json(*key);
        const auto value = scanner.value();
        if (!name || !value) return std::nullopt;
        members.emplace_back(name->get_string(), *value);
    } while (scanner.take(','));
    if (!scanner.take('}') || !scanner.at_end()) return std::nullopt;
    return members;
}

std::optional<std::vector<std::string_view>> slice_array(std::string_view text) {
    Scanner scanner{text};
    if (!scanner.take('[')) return std::nullopt;
    std::vector<std::string_view> elements;
    if (scanner.take(']')) return scanner.at_end() ? std::optional{std::move(elements)} : std::nullopt;
    do {
        const auto value = scanner.value();
        if (!value) return std::nullopt;
        elements.push_back(*value);
    } while (scanner.take(','));
    if (!scanner.take(']') || !scanner.at_end()) return std::nullopt;
    return elements;
}

}  // namespace davenport::couchmock
