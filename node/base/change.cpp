#include "node/base/change.hpp"

#include "node/base/digest.hpp"

#include <charconv>

namespace davenport::base {
namespace {

constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Letters of Crockford base32, five bits each, of the first bytes of SHA-256 over the parts; each part is
/// led by its length, so that no two lists of parts read alike.
std::string letters_over(std::initializer_list<std::string_view> parts, std::size_t count) {
    std::string joined;
    for (const auto part : parts) {
        const auto size = static_cast<std::uint32_t>(part.size());
        for (int shift = 24; shift >= 0; shift -= 8) joined += static_cast<char>(size >> shift & 0xFF);
        joined += part;
    }
    const auto digest = sha256(joined);
    std::string out;
    std::uint32_t bits = 0;
    int held = 0;
    for (std::size_t byte = 0; out.size() < count; held -= 5) {
        if (held < 5) {
            bits = bits << 8 | static_cast<unsigned char>(digest[byte++]);
            held += 8;
        }
        out += crockford[bits >> (held - 5) & 31];
    }
    return out;
}

/// The same letters counted from the other end: what was higher is lower.
std::string mirrored(std::string_view key) {
    std::string out;
    for (const char c : key.substr(0, 13)) {
        const auto digit = crockford.find(c);
        out += digit == std::string_view::npos ? c : crockford[31 - digit];
    }
    return out;
}

}  // namespace

std::strong_ordering compare_states(const ChatMessage& a, const ChatMessage& b) {
    if (a.is_removed() != b.is_removed())
        return a.is_removed() ? std::strong_ordering::greater : std::strong_ordering::less;
    if (a.is_removed()) {
        const auto by_key = b.removed() <=> a.removed();
        return std::is_neq(by_key) ? by_key : b.removed_by() <=> a.removed_by();
    }
    const auto by_key = a.edited() <=> b.edited();
    // As it was said it is one text: an equal id is an equal message.
    if (std::is_neq(by_key) || a.edited().empty() || a.text() == b.text()) return by_key;
    return make_seal(a.id(), a.edited(), a.text()) <=> make_seal(b.id(), b.edited(), b.text());
}

ChatMessage edited(const ChatMessage& message, const MessageKey& key, std::string_view text) {
    const auto key_text = key.text();
    auto parts = message.parts();
    parts.text = text;
    parts.edited = key_text;
    return ChatMessage{parts};
}

ChatMessage removed(const ChatMessage& message, const MessageKey& key, std::string_view by) {
    const auto key_text = key.text();
    auto parts = message.parts();
    parts.text = parts.edited = {};
    parts.removed = key_text;
    parts.removed_by = by;
    return ChatMessage{parts};
}

ChatMessage removed_by_store(const ChatMessage& message) {
    auto parts = message.parts();
    parts.text = parts.edited = parts.removed_by = {};
    parts.removed = removed_in_store;
    return ChatMessage{parts};
}

std::optional<ChatMessage> gone_unknown(std::string_view id) {
    const auto place = parse_message_id(id);
    if (!place) return {};
    ChatMessage::Parts parts;
    parts.id = id;
    parts.room = place->room;
    parts.position = place->letters;
    return removed_by_store(ChatMessage{parts});
}

bool contradict(const ChatMessage& a, const ChatMessage& b) {
    return !a.changed() && !b.changed() && (a.text() != b.text() || a.user() != b.user());
}

ChatMessage later_of(const ChatMessage& known, const ChatMessage& other) {
    if (std::is_lteq(compare_states(other, known))) return known;
    auto parts = known.parts();
    parts.text = other.text();
    parts.edited = other.edited();
    parts.removed = other.removed();
    parts.removed_by = other.removed_by();
    return ChatMessage{parts};
}

std::string version_of(const ChatMessage& message) {
    if (message.is_removed()) return "2" + mirrored(message.removed());
    if (!message.changed()) return {};
    // '+' is below all that keys are made of.
    return "1" + std::string{message.edited()} + '+' +
           make_seal(message.id(), message.edited(), message.text());
}

std::int64_t unix_ms_of_change(std::string_view key) {
    const auto parsed = key == removed_in_store ? std::nullopt : MessageKey::parse(key);
    return parsed ? parsed->unix_ms : 0;
}

std::string make_seal(std::string_view id, std::string_view key, std::string_view text) {
    return letters_over({"seal", id, key, text}, 16);
}

std::string make_proof(std::string_view id, std::string_view secret) {
    return letters_over({"proof", id, secret}, 50);
}

std::uint64_t revision_number(std::string_view revision) {
    std::uint64_t number = 0;
    std::from_chars(revision.data(), revision.data() + revision.size(), number);
    return number;
}

MessageKey key_of_position(std::string_view position) {
    const auto parts = parse_message_id("x:" + std::string{position});
    return parts ? MessageKey{parts->unix_ms, parts->counter, {}} : MessageKey{};
}

std::string key_of_revision(const MessageKey& before, std::uint64_t number) {
    const auto stamp = (static_cast<std::uint64_t>(before.unix_ms) << 16 | before.counter) + number;
    return MessageKey{static_cast<std::int64_t>(stamp >> 16), static_cast<std::uint16_t>(stamp), {}}.text();
}

}  // namespace davenport::base
