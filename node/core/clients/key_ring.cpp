#include "node/core/clients/key_ring.hpp"

#include "node/base/digest.hpp"
#include "node/base/http.hpp"
#include "node/base/json_view.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace davenport::node {
namespace {

constexpr base::Duration known_everywhere_after = std::chrono::minutes{1};
constexpr std::int64_t long_ago = std::numeric_limits<std::int64_t>::min() / 2;
constexpr std::size_t keys_max = 16;
constexpr std::size_t secret_bytes_min = 16;

std::int64_t in_ms(base::Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

KeyRing::KeyRing(const std::vector<std::string>& secrets) {
    for (const auto& secret : secrets)
        keys_.push_back({"f" + base::base64url_encode(base::sha256("davenport key " + secret)).substr(0, 8),
                         secret, long_ago});
}

const KeyRing::Key* KeyRing::find(std::string_view id) const {
    const auto found = std::ranges::find(keys_, id, &Key::id);
    return found == keys_.end() ? nullptr : &*found;
}

bool KeyRing::is_due(base::WallTime now) const {
    return keys_.empty() || keys_.front().made_ms + in_ms(signs_for) <= base::unix_ms(now);
}

void KeyRing::add(Key key, base::WallTime now) {
    keys_.insert(keys_.begin(), std::move(key));
    // A key was the newest until the one before it in the list was made.
    const auto over = base::unix_ms(now) - in_ms(lifetime + 2 * known_everywhere_after);
    for (std::size_t i = 1; i < keys_.size(); ++i)
        if (keys_[i - 1].made_ms < over || i >= keys_max) {
            keys_.resize(i);
            break;
        }
}

std::string KeyRing::sign(const base::Credential& credential, base::WallTime now) const {
    const auto known = base::unix_ms(now) - in_ms(known_everywhere_after);
    const auto old_enough = std::ranges::find_if(keys_, [&](const Key& key) { return key.made_ms <= known; });
    const auto& key = old_enough == keys_.end() ? keys_.back() : *old_enough;
    return base::sign(credential, key.id, key.secret);
}

std::optional<base::Credential> KeyRing::verify(std::string_view signed_text) const {
    const auto id = base::key_of(signed_text);
    const auto* key = id ? find(*id) : nullptr;
    return key ? base::verify(signed_text, key->secret) : std::nullopt;
}

void KeyRing::write(base::JsonWriter& json) const {
    json.key("keys").begin_array();
    for (const auto& key : keys_)
        json.begin_object()
            .member("id", key.id)
            .member("secret", base::base64url_encode(key.secret))
            .member("made", key.made_ms)
            .end_object();
    json.end_array();
}

std::optional<KeyRing> KeyRing::read(const base::JsonView& object) {
    const auto keys = object.member("keys");
    if (!keys) return std::nullopt;
    KeyRing out;
    keys->each_item([&](const base::JsonView& item) {
        const auto secret = base::base64url_decode(base::text_member(item, "secret"));
        Key key{base::text_member(item, "id"), secret.value_or(""),
                base::int_member(item, "made").value_or(0)};
        if (!key.id.empty() && key.secret.size() >= secret_bytes_min && out.keys_.size() < keys_max)
            out.keys_.push_back(std::move(key));
    });
    if (out.empty()) return std::nullopt;
    std::ranges::stable_sort(out.keys_, std::ranges::greater{}, &Key::made_ms);
    return out;
}

}  // namespace davenport::node
