#include "node/core/clients/change_rules.hpp"

#include "node/base/change.hpp"
#include "node/base/text.hpp"

namespace davenport::node {
namespace {

constexpr std::size_t id_bytes_max = 512;

}  // namespace

std::variant<GoodChange, Refusal> read_change(const ChatConfig& config, const ChangeDraft& draft) {
    if (draft.id.empty() || draft.id.size() > id_bytes_max || draft.id.front() == '_' ||
        !base::is_utf8(draft.id))
        return Refusal{"bad_id", "`id` is the id of a message, as it came"};
    if (!draft.removes && !is_message_text(draft.text))
        return Refusal{"bad_text", "a message is some text in UTF-8; to take it away, remove it"};
    if (!draft.removes && draft.text.size() > config.message_bytes_max)
        return Refusal{"too_long",
                       "a message is at most " + std::to_string(config.message_bytes_max) + " bytes", 0,
                       config.message_bytes_max};
    if (!draft.secret.empty() && !is_secret(draft.secret))
        return Refusal{"bad_secret", "a secret is 16 to 128 bytes of text, or is left out"};
    auto key = base::MessageKey::parse(draft.key);
    if (!key)
        return Refusal{
            "bad_key",
            "a key is 13 letters of Crockford base32 and, after a '-', up to 32 letters of your own"};
    auto text = key->text();
    return GoodChange{std::move(*key), std::move(text)};
}

bool may_change(const ChatConfig& config, const base::ChatMessage& message, const ChangeDraft& draft) {
    if (config.members_only) return draft.user == message.user() || (draft.removes && draft.by_moderator);
    return !draft.secret.empty() && !message.proof().empty() &&
           base::make_proof(message.id(), draft.secret) == message.proof();
}

base::ChatMessage apply_change(const base::ChatMessage& message, const ChangeDraft& draft,
                               const GoodChange& change) {
    if (!draft.removes) return base::edited(message, change.key, draft.text);
    const std::string_view by = draft.user.empty() ? message.user() : std::string_view{draft.user};
    return base::removed(message, change.key, by);
}

bool is_repeat(const base::ChatMessage& message, const ChangeDraft& draft, const GoodChange& change) {
    return (draft.removes ? message.removed() : message.edited()) == change.key_text;
}

}  // namespace davenport::node
