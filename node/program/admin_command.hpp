#pragma once

#include <optional>
#include <string>
#include <vector>

namespace davenport::node::program {

/// What an operator does to a chat's people, bans and rooms, instead of running a node; not yet looked at
/// beyond its form.
struct AdminCommand {
    enum class What {
        people_list,
        people_add,
        people_password,
        people_roles,
        people_remove,
        bans_list,
        bans_add,
        bans_lift,
        rooms_list,
        rooms_show,
        rooms_set,
    };
    What what = What::people_list;
    std::string store{};
    std::string store_password_file{};
    std::string store_ca{};
    bool json = false;
    std::string by{};  ///< who is shown to have made a ban or set a room; empty: the store's account

    std::string name{};                       ///< the person
    std::vector<std::string> give{}, take{};  ///< roles
    std::string password_file{};              ///< "-": the standard input; empty: the terminal is asked

    std::string room{};
    bool everywhere = false;
    std::string reason{};
    std::string until{}, lasts{};  ///< "2026-01-31", "2d"

    std::optional<std::string> topic{}, slow_mode{}, retention{};  ///< "", "off": cleared
    std::vector<std::string> readers{}, writers{};  ///< as parse_circle() has them; none: they stay
};

}  // namespace davenport::node::program
