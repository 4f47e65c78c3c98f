#include "node/core/clients/moderation_handler.hpp"

#include "node/base/names.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::int64_t retry_soon_ms = 1000;
constexpr std::string_view counts_more = "another one counts more";

std::optional<Refusal> judge_form(const BanDraft& draft) {
    if (draft.room != base::everywhere && !base::is_room_name(draft.room))
        return Refusal{"bad_room", std::string{room_name_rule}};
    if (const auto name = base::prepare_name(draft.name); !name.problem.empty())
        return Refusal{"bad_name", std::string{name.problem}, 0, name.max};
    if (draft.reason.size() > base::ban_reason_bytes_max)
        return Refusal{"too_long", "a reason is at most 500 bytes", 0, base::ban_reason_bytes_max};
    if (!base::is_utf8(draft.reason)) return Refusal{"bad_text", "a reason is text in UTF-8"};
    if (!draft.until.empty() && !base::parse_datetime(draft.until))
        return Refusal{"bad_time", "`until` is a time in ISO 8601, as 2026-12-01T00:00:00Z"};
    return std::nullopt;
}

Refusal bad_key() {
    return {"bad_key",
            "a key is 13 letters of Crockford base32 and, after a '-', up to 32 letters of your own"};
}

}  // namespace

// ---- in

void ModerationHandler::change_ban(Turn& turn, const BanDraft& draft, ReplyTo waiter,
                                   const std::string& who) {
    const auto key = base::MessageKey::parse(draft.key);
    if (!key) return posts_->refuse(turn, waiter, bad_key());
    if (const auto refusal = judge_form(draft)) return posts_->refuse(turn, waiter, *refusal);
    auto& policies = log_->policies();
    const auto id = base::ban_id(draft.room, draft.name);
    const auto counts = policies.ban_key(draft.room, draft.name);
    if (!may_take(turn, id, *key, counts, waiter, draft.room, draft.by, who)) return;
    if (draft.lifts && !policies.ban(draft.room, draft.name))
        return posts_->refuse(turn, waiter, {"unknown", "no ban of this name is known here"});
    base::Ban ban{base::prepare_name(draft.name).text, draft.room, draft.by, draft.reason};
    if (!draft.until.empty()) ban.until_ms = base::unix_ms(*base::parse_datetime(draft.until));
    ban.lifted = draft.lifts;
    auto body = base::policy_body(ban, key->text());
    take(id, {key->text(), std::move(ban)}, std::move(body), std::move(waiter));
}

void ModerationHandler::change_settings(Turn& turn, const SettingsDraft& draft, ReplyTo waiter,
                                        const std::string& who) {
    const auto key = base::MessageKey::parse(draft.key);
    if (!key) return posts_->refuse(turn, waiter, bad_key());
    const auto& settings = draft.settings;
    if (!base::is_room_name(settings.room))
        return posts_->refuse(turn, waiter, {"bad_room", std::string{room_name_rule}});
    const auto id = base::room_settings_id(settings.room);
    const auto* held = log_->policies().find(id);
    const std::string counts{held ? held->key() : std::string_view{}};
    if (!may_take(turn, id, *key, counts, waiter, settings.room, settings.by, who)) return;
    auto body = base::policy_body(settings, key->text());
    if (body.size() > base::policy_bytes_max)
        return posts_->refuse(
            turn, waiter, {"too_long", "a room's settings are at most 64 KiB", 0, base::policy_bytes_max});
    take(id, {key->text(), settings}, std::move(body), std::move(waiter));
}

std::optional<Refusal> ModerationHandler::to_moderate(std::string_view room, std::string_view person,
                                                      base::Now now) const {
    if (!members_->is_moderator(person)) {
        if (!config_->moderator_role.empty() && members_->awaits_roles(person))
            return Refusal{"not_now", "this node has not heard yet which roles you have: try again",
                           retry_soon_ms};
        return Refusal{"not_yours", "only moderators may do that"};
    }
    // Else two who fall out could not be parted.
    if (auto refusal = access_->to_write(room, person, now); refusal && refusal->code == "banned")
        return refusal;
    return std::nullopt;
}

bool ModerationHandler::may_take(Turn& turn, const std::string& id, const base::MessageKey& key,
                                 std::string_view counts, const ReplyTo& waiter, std::string_view room,
                                 std::string_view person, const std::string& who) {
    const auto* held = log_->policies().find(id);
    // Known first, rules after; but a stranger is not told what is known.
    if (const auto refusal = to_moderate(room, person, turn.now))
        return posts_->refuse(turn, waiter, *refusal), false;
    if (held && held->key() == key.text()) return repeat(turn, id, waiter), false;
    auto refusal = posts_->too_fast(turn, who);
    if (!refusal) refusal = posts_->takes_nothing();
    if (!refusal && !held && log_->policies().full())
        refusal = Refusal{"full", "there are too many bans and rooms' settings: delete old ones"};
    if (!refusal) {
        auto judgement = judge_key(base::wall_from_unix_ms(key.unix_ms), turn.now.wall, "change", counts);
        if (judgement.verdict != Judgement::Verdict::good) refusal = std::move(judgement.refusal);
    }
    if (refusal) return posts_->refuse(turn, waiter, *refusal), false;
    if (key.text() > counts) return true;
    posts_->tell(turn, waiter, frames::Superseded{waiter.key, id, counts_more, counts});
    return false;
}

void ModerationHandler::take(const std::string& id, base::Policy policy, std::string body, ReplyTo waiter) {
    auto& policies = log_->policies();
    policies.set(id, std::move(body), std::move(policy), {}, {});
    const auto& held = *policies.find(id);
    waiters_[id].push_back({std::move(waiter), std::string{held.key()}, held.version});
    store_->put_policy(id);
}

void ModerationHandler::repeat(Turn& turn, const std::string& id, const ReplyTo& waiter) {
    const auto* held = log_->policies().find(id);
    const bool on_disk = held->version <= log_->policies().committed_version();
    if (!on_disk && log_->failing()) return posts_->refuse(turn, waiter, disk_refusal());
    auto& waiting = waiters_[id];
    if (std::ranges::none_of(waiting, [&](const Waiter& one) {
            return one.reply_to.session == waiter.session && one.reply_to.exchange == waiter.exchange &&
                   one.reply_to.key == waiter.key;
        }))
        waiting.push_back({waiter, std::string{held->key()}, held->version});
    for (auto& one : waiting)
        if (one.reply_to.session == waiter.session) one.accepted = false;  // told once more
    tell(turn, id);
}

bool ModerationHandler::is_stored(const HeldPolicy& held) const {
    return !held.stored_in.empty() &&
           (held.stored_in == store_->generation() || store_->generation().empty());
}

// ---- onwards

void ModerationHandler::committed(Turn& turn) {
    std::vector<std::string> ids;
    for (const auto& [id, waiters] : waiters_) ids.push_back(id);
    for (const auto& id : ids) tell(turn, id);
}

/// Tells those who wait for this policy what there is to tell.
void ModerationHandler::tell(Turn& turn, std::string_view id) {
    const auto found = waiters_.find(id);
    if (found == waiters_.end()) return;
    const auto* held = log_->policies().find(id);
    const auto committed = log_->policies().committed_version();
    std::erase_if(found->second, [&](Waiter& one) {
        const auto& to = one.reply_to;
        const bool counts = held && held->key() == one.key;
        const auto above = held ? held->key() : std::string_view{};
        if (!counts) return posts_->tell(turn, to, frames::Superseded{to.key, id, counts_more, above}), true;
        if (one.version > committed) return false;
        if (counts && is_stored(*held)) return posts_->tell(turn, to, frames::Stored{to.key, id}), true;
        if (!std::exchange(one.accepted, true)) posts_->tell(turn, to, frames::Accepted{to.key, id});
        return to.exchange != 0;  // it had its one answer
    });
    if (found->second.empty()) waiters_.erase(found);
}

void ModerationHandler::not_committed(Turn& turn) {
    const auto committed = log_->policies().committed_version();
    for (auto& [id, waiters] : waiters_)
        std::erase_if(waiters, [&](const Waiter& one) {
            if (one.version <= committed) return false;
            posts_->refuse(turn, one.reply_to, disk_refusal());
            return true;
        });
    std::erase_if(waiters_, [](const auto& one) { return one.second.empty(); });
}

void ModerationHandler::on_policy(Turn& turn, std::string_view id, bool) { tell(turn, id); }

void ModerationHandler::on_policy_refused(Turn& turn, std::string_view id, const std::string& reason) {
    auto node = waiters_.extract(std::string{id});
    if (node.empty()) return;
    for (const auto& one : node.mapped())
        posts_->tell(turn, one.reply_to, frames::Failed{one.reply_to.key, id, reason});
}

}  // namespace davenport::node
