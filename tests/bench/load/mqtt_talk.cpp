#include "talk.hpp"

#include <optional>
#include <unordered_map>

namespace davenport::load {

namespace {

constexpr unsigned connect = 0x10, connack = 0x20, publish = 0x30, puback = 0x40, subscribe = 0x82,
                   suback = 0x90;

unsigned number_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(bytes[at])) << 8 |
           static_cast<unsigned char>(bytes[at + 1]);
}

void append_number(std::string& out, std::size_t number) {
    out.push_back(static_cast<char>(number >> 8));
    out.push_back(static_cast<char>(number & 255u));
}

void append_text(std::string& out, std::string_view text) {
    append_number(out, text.size());
    out += text;
}

void append_packet(std::string& out, unsigned type, std::string_view body) {
    out.push_back(static_cast<char>(type));
    for (auto left = body.size();;) {
        const auto digit = left % 128;
        left /= 128;
        out.push_back(static_cast<char>(left ? digit | 128u : digit));
        if (!left) break;
    }
    out += body;
}

/// A packet's length field, once it is whole: the length, and `at` behind it.
std::optional<std::size_t> read_length(std::string_view bytes, std::size_t& at) {
    std::size_t length = 0;
    for (unsigned shift = 0; shift < 28 && at < bytes.size(); shift += 7) {
        const auto digit = static_cast<unsigned char>(bytes[at++]);
        length |= static_cast<std::size_t>(digit & 127u) << shift;
        if (!(digit & 128u)) return length;
    }
    return std::nullopt;
}

/// MQTT 3.1.1. Durable: QoS 1 and a session that outlives its connection.
class MqttTalk final : public Talk {
public:
    explicit MqttTalk(Persona persona) : persona_{std::move(persona)} {}

    void greet(std::string& out) override {
        std::string body;
        append_text(body, "MQTT");
        body.push_back(4);                         // the protocol's level
        body.push_back(persona_.durable ? 0 : 2);  // clean session
        append_number(body, 0);                    // no keep-alive
        append_text(body, persona_.name);
        append_packet(out, connect, body);
    }

    std::size_t read(std::string_view bytes, std::string& out, Heard& heard) override {
        std::size_t done = 0;
        while (bytes.size() - done >= 2) {
            std::size_t at = done + 1;
            const auto length = read_length(bytes, at);
            if (!length || bytes.size() - at < *length) break;
            on_packet(static_cast<unsigned char>(bytes[done]), bytes.substr(at, *length), out, heard);
            done = at + *length;
        }
        return done;
    }

    void post(std::uint64_t number, std::string_view text, bool, std::string& out) override {
        std::string body;
        append_text(body, "chat/" + persona_.room);
        if (persona_.durable) {
            last_packet_ = last_packet_ % 65000 + 1;
            append_number(body, last_packet_);
            waiting_[last_packet_] = number;
        }
        body += text;
        append_packet(out, persona_.durable ? publish | 2u : publish, body);
    }

private:
    void on_packet(unsigned type, std::string_view body, std::string& out, Heard& heard) {
        if ((type & 0xf0u) == publish) {
            auto head = 2 + static_cast<std::size_t>(number_at(body, 0));
            if (type & 6u) {
                append_packet(out, puback, body.substr(head, 2));
                head += 2;
            }
            heard.message(body.substr(head));
        } else if (type == connack) {
            if (body[1] != 0) return heard.refused("refused by the server");
            std::string wanted;
            append_number(wanted, 1);
            append_text(wanted, "chat/" + persona_.room);
            wanted.push_back(persona_.durable ? 1 : 0);
            append_packet(out, subscribe, wanted);
        } else if (type == suback) {
            heard.ready();
        } else if (type == puback) {
            if (const auto found = waiting_.find(number_at(body, 0)); found != waiting_.end()) {
                heard.accepted(found->second);
                waiting_.erase(found);
            }
        }
    }

    Persona persona_;
    unsigned last_packet_ = 0;
    std::unordered_map<unsigned, std::uint64_t> waiting_;
};

}  // namespace

std::unique_ptr<Talk> make_mqtt_talk(Persona persona) {
    return std::make_unique<MqttTalk>(std::move(persona));
}

}  // namespace davenport::load
