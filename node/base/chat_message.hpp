#pragma once

// node/base, the vocabulary: values and pure functions that two or more rooms share. No I/O, no clock, no
// threads, no Asio; what only one room needs lives in that room.

#include "node/base/message_id.hpp"
#include "node/base/time.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::base {

class JsonView;

/// One message of the chat, as it stands in the store and in every journal. The value never changes, and its
/// copies share their bytes, in other threads too: a copy costs no more than a pointer's. A message that is
/// edited or removed is another value with the same id: see change.hpp.
class ChatMessage {
public:
    struct Parts {
        std::string_view id;  ///< the document's `_id`
        std::string_view room;
        std::string_view position;  ///< letters that order a room's history: the id's own, or made for a
                                    ///< foreign document
        std::string_view user;
        std::string_view text;
        std::string_view datetime;  ///< as written by whoever wrote it
        std::string_view host;      ///< the node that the message was first sent to
        // What became of it since; empty while nothing has.
        std::string_view edited{};      ///< the key of the edit that counts
        std::string_view removed{};     ///< the key of the removal that counts; `text` is empty then
        std::string_view removed_by{};  ///< the name of who removed it; empty: it was done in the store
        std::string_view proof{};       ///< make_proof() of its author's secret; empty: nobody can prove it
    };

    /// All parts empty.
    ChatMessage() = default;
    /// Copies the parts; together they are less than 4 GiB.
    explicit ChatMessage(const Parts& parts);

    // These views live as long as any copy of the message does.
    [[nodiscard]] std::string_view id() const { return part(0); }
    [[nodiscard]] std::string_view room() const { return part(1); }
    [[nodiscard]] std::string_view position() const { return part(2); }
    [[nodiscard]] std::string_view user() const { return part(3); }
    [[nodiscard]] std::string_view text() const { return part(4); }
    [[nodiscard]] std::string_view datetime() const { return part(5); }
    [[nodiscard]] std::string_view host() const { return part(6); }
    [[nodiscard]] std::string_view edited() const { return part(7); }
    [[nodiscard]] std::string_view removed() const { return part(8); }
    [[nodiscard]] std::string_view removed_by() const { return part(9); }
    [[nodiscard]] std::string_view proof() const { return part(10); }

    /// It was edited or removed since it was said.
    [[nodiscard]] bool changed() const { return !edited().empty() || !removed().empty(); }
    [[nodiscard]] bool is_removed() const { return !removed().empty(); }
    [[nodiscard]] Parts parts() const {
        return {.id = id(),
                .room = room(),
                .position = position(),
                .user = user(),
                .text = text(),
                .datetime = datetime(),
                .host = host(),
                .edited = edited(),
                .removed = removed(),
                .removed_by = removed_by(),
                .proof = proof()};
    }

    friend bool operator==(const ChatMessage& a, const ChatMessage& b);

private:
    static constexpr std::size_t parts_count = 11;
    using Ends = std::array<std::uint32_t,
                            parts_count>;  ///< where each part ends; it begins where the one before ends

    [[nodiscard]] std::string_view part(std::size_t number) const {
        if (!block_) return {};
        std::array<std::uint32_t, 2> around{};  // the end of the one before, and its own
        if (number == 0)
            std::memcpy(&around[1], block_.get(), sizeof around[1]);
        else
            std::memcpy(&around, block_.get() + (number - 1) * sizeof around[0], sizeof around);
        return {block_.get() + sizeof(Ends) + around[0], around[1] - around[0]};
    }

    std::shared_ptr<const char[]> block_;  ///< Ends, then the parts one after another
};

/// The room of documents whose `_id` is not of our form.
inline constexpr std::string_view default_room = "lobby";

/// A message as it is first made: `datetime` is the key's time. It has nothing that would differ on a retry
/// through another node. `secret`: of its author, who proves by it later that it is his; empty: none.
ChatMessage make_message(std::string_view room, std::string_view user, const MessageKey& key,
                         std::string_view text, std::string_view host, std::string_view secret = {},
                         IdForm form = IdForm::full);

/// The document's JSON text with `_id`, the article's four fields and what became of the message since,
/// always the same bytes for the same message (so its first revision is the same everywhere).
/// `over`: the document that it is written over; its revision, and members that are not ours, are kept.
std::string to_document(const ChatMessage& message);
std::string to_document(const ChatMessage& message, const JsonView& over);
/// The same over a document that has no members but ours; its `revision`.
std::string to_document(const ChatMessage& message, std::string_view revision);

/// Reads a document of the store. Nothing when it is not a chat message: deleted, a design document, a
/// presence document, or without the article's `user` and `msg` as strings. A datetime that cannot be read
/// puts a foreign document at `now`'s place: the caller gives the time at which it was seen.
///
/// What became of the message is read from the document alone, so that every node reads the same: a revision
/// after the first that no node wrote (the seal does not fit the text) is an edit whose key is the one that
/// stands there, or else the message's own (the least there is, for a foreign document), as many counters
/// higher as there were revisions; one whose `msg` is empty is a removal.
std::optional<ChatMessage> from_document(const JsonView& document, WallTime seen);

}  // namespace davenport::base
