#include "node/core/clients/post_rules.hpp"

#include "node/base/names.hpp"
#include "node/base/text.hpp"

#include <algorithm>

namespace davenport::node {
namespace {

constexpr auto ahead_max = std::chrono::seconds{60};
constexpr auto age_max = std::chrono::hours{24};

bool is_blank(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
}

}  // namespace

bool is_message_text(std::string_view text) {
    return !is_blank(text) && base::is_utf8(text) && text.find('\0') == std::string_view::npos;
}

bool is_secret(std::string_view secret) {
    return secret.size() >= 16 && secret.size() <= 128 && base::is_utf8(secret);
}

std::variant<GoodPost, Refusal> read_post(const ChatConfig& config, const Draft& draft,
                                          base::FullIdsFrom full_ids_from) {
    if (!base::is_room_name(draft.room)) return Refusal{"bad_room", std::string{room_name_rule}};
    if (draft.user.empty())
        return Refusal{"bad_name", "say hello first, with a name; over HTTP, give it as `user`"};
    const auto user = base::prepare_name(draft.user);
    if (!user.problem.empty()) return Refusal{"bad_name", std::string{user.problem}, 0, user.max};
    if (!is_message_text(draft.text)) return Refusal{"bad_text", "a message is some text in UTF-8"};
    if (draft.host.size() > 256 || !base::is_utf8(draft.host) ||
        base::one_printable_line(draft.host) != draft.host)
        return Refusal{"bad_text", "`host` is a node's name: one line of at most 256 bytes"};
    if (!draft.secret.empty() && !is_secret(draft.secret))
        return Refusal{"bad_secret", "a secret is 16 to 128 bytes of text, or is left out"};
    const auto key = base::MessageKey::parse(draft.key);
    if (!key)
        return Refusal{
            "bad_key",
            "a key is 13 letters of Crockford base32 and, after a '-', up to 32 letters of your own"};
    const auto host = draft.host.empty() ? std::string_view{config.name} : draft.host;
    const auto form = base::id_form(key->unix_ms, full_ids_from);
    return GoodPost{base::make_message(draft.room, user.text, *key, draft.text, host, draft.secret, form),
                    base::wall_from_unix_ms(key->unix_ms)};
}

Judgement judge_post(const ChatConfig& config, const GoodPost& post, base::WallTime now) {
    using Verdict = Judgement::Verdict;
    if (post.message.text().size() > config.message_bytes_max)
        return {Verdict::refused,
                {"too_long", "a message is at most " + std::to_string(config.message_bytes_max) + " bytes", 0,
                 config.message_bytes_max}};
    return judge_key(post.said, now, "message");
}

Judgement judge_key(base::WallTime said, base::WallTime now, std::string_view what,
                    std::string_view replaced) {
    using Verdict = Judgement::Verdict;
    const auto before = base::MessageKey::parse(replaced);
    const bool follows = before && said <= base::wall_from_unix_ms(before->unix_ms) + ahead_max;
    if (said > now + ahead_max && !follows)
        return {Verdict::only_if_known,
                {"key_ahead", "the key's time is more than 60 s ahead of this node's clock",
                 std::chrono::ceil<std::chrono::milliseconds>(said - now - ahead_max).count()}};
    if (said < now - age_max)
        return {Verdict::only_if_known,
                {"key_old", "the key is older than a day, and nobody knows this " + std::string{what}}};
    return {Verdict::good};
}

}  // namespace davenport::node
