#include "node/base/chat_message.hpp"

#include "node/base/change.hpp"
#include "node/base/json.hpp"
#include "node/base/json_string.hpp"
#include "node/base/json_view.hpp"
#include "node/base/message_id.hpp"
#include "node/base/policy.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace davenport::base {

ChatMessage::ChatMessage(const Parts& p) {
    const std::array<std::string_view, parts_count> parts{p.id,      p.room,       p.position, p.user,
                                                          p.text,    p.datetime,   p.host,     p.edited,
                                                          p.removed, p.removed_by, p.proof};
    Ends ends;
    std::uint32_t end = 0;
    for (std::size_t i = 0; i < parts_count; ++i)
        ends[i] = end += static_cast<std::uint32_t>(parts[i].size());
    auto block = std::make_shared_for_overwrite<char[]>(sizeof ends + end);
    auto* to = block.get();
    std::memcpy(to, &ends, sizeof ends);
    to += sizeof ends;
    for (const auto part : parts) to += part.copy(to, part.size());
    block_ = std::move(block);
}

bool operator==(const ChatMessage& a, const ChatMessage& b) {
    if (a.block_ == b.block_) return true;
    for (std::size_t i = 0; i < ChatMessage::parts_count; ++i)
        if (a.part(i) != b.part(i)) return false;
    return true;
}

ChatMessage make_message(std::string_view room, std::string_view user, const MessageKey& key,
                         std::string_view text, std::string_view host, std::string_view secret, IdForm form) {
    const auto id = make_message_id(room, user, key, text, form);
    const auto datetime = iso8601(wall_from_unix_ms(key.unix_ms));
    const auto proof = secret.empty() ? std::string{} : make_proof(id, secret);
    return ChatMessage{{.id = id,
                        .room = room,
                        .position = std::string_view{id}.substr(room.size() + 1),
                        .user = user,
                        .text = text,
                        .datetime = datetime,
                        .host = host,
                        .proof = proof}};
}

namespace {

/// Calls `visit` with what leads each member of the document, a literal, and its value.
template <class Visit>
void each_member(const ChatMessage& m, std::string_view revision, std::string_view seal, Visit visit) {
    visit("{\"_id\":\"", m.id());
    if (!revision.empty()) visit("\",\"_rev\":\"", revision);
    visit("\",\"user\":\"", m.user());
    visit("\",\"msg\":\"", m.text());
    visit("\",\"datetime\":\"", m.datetime());
    visit("\",\"host\":\"", m.host());
    if (!m.proof().empty()) visit("\",\"proof\":\"", m.proof());
    if (m.is_removed()) {
        visit("\",\"removed\":\"", m.removed());
        visit("\",\"removed_by\":\"", m.removed_by());
    } else if (m.changed()) {
        visit("\",\"edited\":\"", m.edited());
        visit("\",\"seal\":\"", seal);
    }
}

/// All but the closing brace. Most texts have nothing to escape: then its size is known, and it is written
/// once.
std::string document_of(const ChatMessage& m, std::string_view revision) {
    const auto seal =
        m.changed() && !m.is_removed() ? make_seal(m.id(), m.edited(), m.text()) : std::string{};
    std::size_t bytes = 1;
    bool plain = true;
    each_member(m, revision, seal, [&](const auto& lead, std::string_view value) {
        bytes += sizeof lead - 1 + value.size();
        plain = plain && is_plain_in_json(value);
    });
    std::string out;
    out.reserve(bytes + 1);
    if (!plain) {
        each_member(m, revision, seal, [&](const auto& lead, std::string_view value) {
            const bool first = out.empty();
            out.append(lead + (first ? 0 : 1), sizeof lead - 2 - (first ? 0 : 1));  // without the quotes
            append_json_string(out, value);
        });
        return out;
    }
    out.resize(bytes);
    auto* to = out.data();
    each_member(m, revision, seal, [&](const auto& lead, std::string_view value) {
        std::memcpy(to, lead, sizeof lead - 1);
        to += sizeof lead - 1;
        to += value.copy(to, value.size());
    });
    *to = '"';
    return out;
}

bool is_ours(std::string_view member) {
    static constexpr std::array<std::string_view, 11> ours{
        "_id", "_rev", "user", "msg", "datetime", "host", "proof", "edited", "seal", "removed", "removed_by"};
    return std::ranges::find(ours, member) != ours.end();
}

/// What a document says became of its message, beside `_id`, `user` and `msg`.
struct ChangeFields {
    std::optional<JsonView> revision, edited, seal, removed, removed_by;

    /// Completes `m`, which has all else. `key` keeps what a view in it shows.
    void tell(ChatMessage::Parts& m, std::string& key) const {
        const auto number = revision_number(string_of(revision).value_or(""));
        if (says_removed() || (number > 1 && m.text.empty())) {
            const auto given = MessageKey::parse(string_of(removed).value_or(""));
            m.removed = key = given ? given->text() : std::string{removed_in_store};
            const auto by = string_of(removed_by).value_or("");
            if (is_user_name(by)) m.removed_by = by;
            m.text = {};
            return;
        }
        const auto given = MessageKey::parse(string_of(edited).value_or(""));
        if (given) key = given->text();
        if (given && string_of(seal) == make_seal(m.id, key, m.text))
            m.edited = key;
        else if (number > 1)
            m.edited = key = key_of_revision(given ? *given : own_key(m.id), number);
    }

private:
    /// The message's own; a foreign document has none.
    static MessageKey own_key(std::string_view id) {
        const auto parts = parse_message_id(id);
        return parts && is_room_name(parts->room) ? MessageKey{parts->unix_ms, parts->counter, {}}
                                                  : MessageKey{};
    }
    [[nodiscard]] bool says_removed() const {
        return removed && !removed->is_null() && removed->boolean().value_or(true);
    }
};

}  // namespace

std::string to_document(const ChatMessage& m) { return document_of(m, {}) + '}'; }

std::string to_document(const ChatMessage& m, std::string_view revision) {
    return document_of(m, revision) + '}';
}

std::string to_document(const ChatMessage& m, const JsonView& over) {
    auto out = document_of(m, string_member(over, "_rev").value_or(""));
    // What else somebody wrote into it may hold the text that is to be nowhere any more.
    if (!m.is_removed())
        over.each_member([&](std::string_view key, const JsonView& value) {
            if (is_ours(key) || key == "_deleted" || key == "_conflicts") return;
            out += ',';
            append_json_string(out, key);
            out += ':';
            out += value.text();
        });
    return out + '}';
}

std::optional<ChatMessage> from_document(const JsonView& document, WallTime seen) {
    static constexpr std::array<std::string_view, 12> keys{"_id",    "user",     "msg",     "datetime",
                                                           "host",   "_deleted", "proof",   "_rev",
                                                           "edited", "seal",     "removed", "removed_by"};
    const auto [its_id, its_user, its_msg, datetime, host, deleted, proof, revision, edited, seal, removed,
                removed_by] = document.members(keys);
    const auto id = string_of(its_id), user = string_of(its_user), text = string_of(its_msg);
    if (!id || !user || !text || id->starts_with('_') || is_true(deleted) || is_policy_id(*id))
        return std::nullopt;
    ChatMessage::Parts m{.id = *id,
                         .room = default_room,
                         .position = {},
                         .user = *user,
                         .text = *text,
                         .datetime = string_of(datetime).value_or(""),
                         .host = string_of(host).value_or(""),
                         .proof = string_of(proof).value_or("")};
    std::string letters, key;
    if (const auto parts = parse_message_id(*id); parts && is_room_name(parts->room)) {
        m.room = parts->room;
        m.position = parts->letters;
    } else {
        // Its time may be read otherwise by every node.
        letters = make_foreign_letters(unix_ms(parse_datetime(m.datetime).value_or(seen)), *id);
        m.position = letters;
    }
    ChangeFields{revision, edited, seal, removed, removed_by}.tell(m, key);
    return ChatMessage{m};
}

}  // namespace davenport::base
