#pragma once

#include "node/base/json_writer.hpp"
#include "node/base/sign.hpp"
#include "node/base/time.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace davenport::base {
class JsonView;
}  // namespace davenport::base

namespace davenport::node {

/// Sign-ins that were ended before their time: one, or all that a name had at some moment. Pure.
class Revocations {
public:
    /// Of nodes' clocks: a sign-in that another node dated so much later than it was is ended, too.
    static constexpr base::Duration clock_error = std::chrono::seconds{30};

    /// `until`: when it would have ended anyway. False when it was known.
    bool end_session(const std::string& session, base::WallTime until);
    /// All of `name` that were issued until `before`. False when it was known.
    bool end_all(const std::string& name, base::WallTime before, base::WallTime until);

    [[nodiscard]] bool covers(const base::Credential& credential) const;
    /// A sign-in that begins now bears this time at least, so that nothing ended before covers it.
    [[nodiscard]] base::WallTime issue_time(const std::string& name, base::WallTime now) const;
    void forget_expired(base::WallTime now);

    /// Calls `use(id, body)` with each as a document of its own: the end of its id, and its JSON members
    /// without braces.
    template <class Use>
    void each_note(const Use& use) const {
        for (const auto& [session, until] : sessions_)
            use(session_note_id(session), session_note(session, until));
        for (const auto& [name, one] : names_) use(name_note_id(name, one.before), name_note(name, one));
    }
    /// The last of each_note(), for one that was just added.
    static std::string session_note_id(std::string_view session);
    static std::string session_note(std::string_view session, base::WallTime until);
    static std::string name_note_id(std::string_view name, base::WallTime before);
    [[nodiscard]] std::string name_note(const std::string& name) const;
    /// Takes one such document in. False when it tells nothing new.
    bool read_note(const base::JsonView& note);

    /// The member `ended` of a JSON object, and back.
    void write(base::JsonWriter& json) const;
    void read(const base::JsonView& object);

private:
    struct All {
        base::WallTime before, until;
    };
    static std::string name_note(std::string_view name, const All& all);

    std::map<std::string, base::WallTime, std::less<>> sessions_;
    std::map<std::string, All, std::less<>> names_;
};

}  // namespace davenport::node
