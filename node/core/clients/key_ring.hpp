#pragma once

#include "node/base/json_writer.hpp"
#include "node/base/sign.hpp"
#include "node/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::base {
class JsonView;
}  // namespace davenport::base

namespace davenport::node {

/// The keys that sign sign-ins: the newest signs, all are believed. Pure.
///
/// A key signs for 30 days, and is believed for as long as a sign-in lasts after that. It signs only when it
/// is a minute old, so that all nodes have heard of it; unless it is the only one.
class KeyRing {
public:
    struct Key {
        std::string id, secret;
        std::int64_t made_ms = 0;
        friend bool operator==(const Key&, const Key&) = default;
    };
    static constexpr base::Duration signs_for = std::chrono::hours{24 * 30};
    static constexpr base::Duration lifetime = std::chrono::hours{24 * 30};  ///< of a sign-in

    KeyRing() = default;
    /// Of secrets that an operator gave: the first signs. Their ids come from them.
    explicit KeyRing(const std::vector<std::string>& secrets);

    [[nodiscard]] bool empty() const { return keys_.empty(); }
    [[nodiscard]] bool is_known(std::string_view id) const { return find(id) != nullptr; }
    /// The newest key has signed for long enough, or there is none.
    [[nodiscard]] bool is_due(base::WallTime now) const;
    /// Adds a key, and drops those that nobody's sign-in needs any more.
    void add(Key key, base::WallTime now);

    [[nodiscard]] std::string sign(const base::Credential& credential, base::WallTime now) const;
    /// Nothing when none of these keys has signed it. Whether it has expired is for who asks to see.
    [[nodiscard]] std::optional<base::Credential> verify(std::string_view signed_text) const;

    /// The member `keys` of a JSON object, and back.
    void write(base::JsonWriter& json) const;
    static std::optional<KeyRing> read(const base::JsonView& object);
    friend bool operator==(const KeyRing&, const KeyRing&) = default;

private:
    [[nodiscard]] const Key* find(std::string_view id) const;

    std::vector<Key> keys_;  ///< the newest first
};

}  // namespace davenport::node
