#include "talk.hpp"

#include <stdexcept>

namespace davenport::load {

std::unique_ptr<Talk> make_talk(std::string_view protocol, Persona persona) {
    if (protocol == "davenport") return make_davenport_talk(std::move(persona));
    if (protocol == "relay") return make_relay_talk(std::move(persona));
    if (protocol == "irc") return make_irc_talk(std::move(persona));
    if (protocol == "nats") return make_nats_talk(std::move(persona));
    if (protocol == "mqtt") return make_mqtt_talk(std::move(persona));
    throw std::invalid_argument("no protocol is called " + std::string{protocol});
}

bool next_line(std::string_view bytes, std::size_t& at, std::string_view& line) {
    const auto end = bytes.find('\n', at);
    if (end == std::string_view::npos) return false;
    line = bytes.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    at = end + 1;
    return true;
}

}  // namespace davenport::load
