#include "node/core/clients/members.hpp"

#include "node/base/http.hpp"
#include "node/base/json_view.hpp"

#include <algorithm>
#include <memory>
#include <set>

namespace davenport::node {
namespace {

constexpr std::string_view cookie_name = "davenport=";
constexpr std::string_view keys_note = "keys";
constexpr base::Duration retry_after = std::chrono::seconds{2};
/// The feed tells of each note; this is for what it may have missed.
constexpr base::Duration read_again_after = std::chrono::minutes{5};
/// Sign-ins in use are looked at this often: they expire, and are told to be in use still.
constexpr base::Duration look_every = std::chrono::seconds{10};
constexpr std::size_t accounts_at_once = 500;
constexpr std::size_t cookies_max = 8;

/// Calls `use` with each value of our cookie, until it returns true.
template <class Use>
void each_cookie(std::string_view cookies, const Use& use) {
    std::size_t tried = 0;
    while (!cookies.empty() && tried < cookies_max) {
        const auto end = cookies.find(';');
        auto one = cookies.substr(0, end);
        cookies = end == std::string_view::npos ? std::string_view{} : cookies.substr(end + 1);
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (!one.starts_with(cookie_name)) continue;
        ++tried;
        if (use(one.substr(cookie_name.size()))) return;
    }
}

}  // namespace

Members::Members(const ChatConfig& config, Store& store)
    : config_{&config}, store_{&store}, own_keys_{config.auth_secrets.empty()}, keys_{config.auth_secrets} {
    base::JsonReader reader;
    const auto kept = reader.read(config.kept);
    if (!required() || !kept) return;
    revocations_.read(*kept);
    if (!own_keys_) return;
    if (auto keys = KeyRing::read(*kept)) keys_ = std::move(*keys);
}

// ---- who is it

Members::Pass Members::who(std::string_view cookies, base::Now now) {
    Pass out;
    each_cookie(cookies, [&](std::string_view value) {
        auto pass = keys_.verify(value);
        if (!pass || !counts(*pass, now)) return false;
        accounts_.touch(*pass, now.time);
        in_use_ = true;
        out = std::make_shared<const base::Credential>(std::move(*pass));
        return true;
    });
    return out;
}

bool Members::counts(const base::Credential& pass, base::Now now) const {
    return pass.expires > now.wall && keys_.is_known(pass.key) && !revocations_.covers(pass) &&
           !accounts_.refuses(pass);
}

bool Members::still_counts(Turn& turn, const base::Credential& pass) {
    if (accounts_.refuses(pass) && revocations_.end_session(pass.session, pass.expires)) keep(turn);
    if (!counts(pass, turn.now)) return false;
    accounts_.touch(pass, turn.now.time);
    return true;
}

bool Members::has_been(std::string_view cookies, std::string_view name) const {
    bool out = false;
    each_cookie(cookies, [&](std::string_view value) {
        const auto pass = keys_.verify(value);
        return out = pass && pass->name == name;
    });
    return out;
}

bool Members::is_moderator(std::string_view name) const {
    if (!required()) return false;
    if (std::ranges::find(config_->moderators, name) != config_->moderators.end()) return true;
    const auto* its_roles = config_->moderator_role.empty() ? nullptr : roles(name);
    return its_roles && its_roles->contains(config_->moderator_role);
}

const std::set<std::string, std::less<>>* Members::roles(std::string_view name) const {
    const auto* account = accounts_.known(name);
    return account ? &account->roles : nullptr;
}

bool Members::awaits_roles(std::string_view name) const {
    return required() && !name.empty() && !warned_ && !accounts_.known(name);
}

// ---- coming and going

std::string Members::random(std::size_t bytes) {
    return base::keyed_hash(config_->entropy, std::to_string(++drawn_)).substr(0, bytes);
}

std::string Members::sign_in(const std::string& name, const std::string& mark, base::WallTime now) {
    const auto issued = revocations_.issue_time(name, now);
    return keys_.sign({name, base::base64url_encode(random(16)), mark, issued, now + KeyRing::lifetime}, now);
}

void Members::end(Turn& turn, const base::Credential& pass) {
    if (!revocations_.end_session(pass.session, pass.expires)) return;
    to_write_.push_back({Revocations::session_note_id(pass.session),
                         {},
                         Revocations::session_note(pass.session, pass.expires)});
    ended_ = true;
    keep(turn);
}

void Members::end_all(Turn& turn, const std::string& name) {
    const auto now = turn.now.wall;
    if (!revocations_.end_all(name, now, now + KeyRing::lifetime + Revocations::clock_error)) return;
    to_write_.push_back({Revocations::name_note_id(name, now), {}, revocations_.name_note(name)});
    ended_ = true;
    keep(turn);
}

void Members::keep(Turn& turn) const {
    std::string out;
    base::JsonWriter json{out};
    json.begin_object().member("v", 1);
    if (own_keys_) keys_.write(json);
    revocations_.write(json);
    json.end_object();
    turn.emit(Keep{std::move(out)});
}

// ---- notes

void Members::on_note(Turn& turn, const StoreNote& note) {
    if (!required()) return;
    if (note.id == keys_note) return heard_keys(turn, note);
    base::JsonReader reader;
    const auto body = reader.read(note.body);
    if (note.deleted || !body || !revocations_.read_note(*body)) return;
    ended_ = true;
    keep(turn);
}

void Members::heard_keys(Turn& turn, const StoreNote& note) {
    if (!own_keys_) return;
    keys_revision_ = note.revision;
    if (note.deleted) {
        if (!keys_.empty())
            turn.warn("sign-in: the keys were deleted from the store: everybody signs in again");
        keys_ = {};
        ended_ = true;
        synced_ = false;
        return keep(turn);
    }
    base::JsonReader reader;
    const auto body = reader.read(note.body);
    auto keys = body ? KeyRing::read(*body) : std::nullopt;
    if (!keys) return;  // none: they are written
    if (*keys == keys_) return;
    keys_ = std::move(*keys);
    ended_ = true;
    keep(turn);
}

void Members::rest(Turn& turn, base::Duration pause) { not_before_ = turn.now.time + pause; }

void Members::pump(Turn& turn) {
    if (!required()) return;
    if (in_use_ && turn.now.time >= look_again_) {
        look_again_ = turn.now.time + look_every;
        revocations_.forget_expired(turn.now.wall);
        ended_ = true;
    }
    if (store_->usable() && turn.now.time >= not_before_ && !under_way_) {
        if (!synced_)
            read_keys(turn);
        else if (own_keys_ && keys_.is_due(turn.now.wall))
            make_key(turn);
        else if (!to_write_.empty())
            write_next(turn);
        else if (turn.now.time >= read_again_)
            read_all(turn);
    }
    ask_accounts(turn);
    set_alarm(turn);
}

void Members::set_alarm(Turn& turn) {
    auto next = in_use_ ? look_again_ : base::Time::max();
    if (store_->usable() && !under_way_) {
        const bool has_work = !synced_ || !to_write_.empty() || (own_keys_ && keys_.is_due(turn.now.wall));
        next = std::min(next, std::max(not_before_, has_work ? not_before_ : read_again_));
    }
    if (const auto due = accounts_.next_due(); due && store_->usable() && !asking_)
        next = std::min(next, *due);
    if (next == alarm_ || next == base::Time::max()) return;
    alarm_ = next;
    turn.emit(SetTimer{timers::members, next});
}

/// First the keys, by their own name: only so is it known whether they were deleted.
void Members::read_keys(Turn& turn) {
    if (!own_keys_) return read_all(turn);
    under_way_ = true;
    store_->read_note(turn, std::string{keys_note}, [this](Turn& t, const StoreNote* note) {
        under_way_ = false;
        if (!note) return rest(t, retry_after);
        heard_keys(t, *note);
        if (!note->body.empty()) return read_all(t);
        if (keys_.empty()) return make_key(t);
        write_keys(t, keys_);  // another store, or an emptied one: who is signed in stays so
    });
}

void Members::make_key(Turn& turn) {
    auto keys = keys_;
    keys.add({base::base64url_encode(random(6)), random(32), base::unix_ms(turn.now.wall)}, turn.now.wall);
    write_keys(turn, keys);  // it counts when it is read back
}

void Members::write_keys(Turn& turn, const KeyRing& keys) {
    std::string body;
    base::JsonWriter json{body};
    json.begin_object();
    keys.write(json);
    json.end_object();
    under_way_ = true;
    store_->write_note(turn, {std::string{keys_note}, keys_revision_, body.substr(1, body.size() - 2)},
                       [this](Turn& t, Store::Noted noted) {
                           under_way_ = false;
                           synced_ = false;  // read back: somebody else may have been first
                           if (noted == Store::Noted::failed) rest(t, retry_after);
                       });
}

void Members::read_all(Turn& turn) {
    under_way_ = true;
    store_->read_notes(turn, [this](Turn& t, const std::vector<StoreNote>* notes) {
        under_way_ = false;
        if (!notes) return rest(t, retry_after);
        synced_ = true;
        read_again_ = t.now.time + read_again_after;
        std::set<std::string, std::less<>> there;
        for (const auto& note : *notes) {
            there.insert(note.id);
            on_note(t, note);
        }
        to_write_.clear();
        revocations_.each_note([&](std::string id, std::string body) {
            if (!there.contains(id)) to_write_.push_back({std::move(id), {}, std::move(body)});
        });
    });
}

void Members::write_next(Turn& turn) {
    under_way_ = true;
    store_->write_note(turn, to_write_.front(),
                       [this, id = to_write_.front().id](Turn& t, Store::Noted noted) {
                           under_way_ = false;
                           if (noted == Store::Noted::failed) return rest(t, retry_after);
                           if (!to_write_.empty() && to_write_.front().id == id) to_write_.pop_front();
                       });
}

// ---- the store's word on accounts

void Members::ask_accounts(Turn& turn) {
    if (asking_ || !store_->usable()) return;
    const auto due = accounts_.next_due();
    if (!due || *due > turn.now.time) return;
    auto names = accounts_.due(turn.now.time, accounts_at_once);
    if (names.empty()) return;
    asking_ = true;
    const auto asked_at = turn.now.time;
    store_->read_accounts(
        turn, names,
        [this, names, asked_at](Turn& t, Store::AccountsAnswer answer,
                                const std::vector<Store::Account>& accounts) {
            asking_ = false;
            if (answer == Store::AccountsAnswer::told) {
                accounts_.told(accounts, asked_at);
                ended_ = true;
                return;
            }
            if (answer == Store::AccountsAnswer::not_allowed && !std::exchange(warned_, true))
                t.warn(
                    "sign-in: the account of --store may not read _users: deleted accounts and changed "
                    "passwords are not noticed; give it an administrator's account");
            accounts_.put_off(
                names, t.now.time + (answer == Store::AccountsAnswer::no_answer ? retry_after
                                                                                : AccountWatch::ask_every));
        });
}

}  // namespace davenport::node
