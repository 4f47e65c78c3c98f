#include "websocket_talk.hpp"

#include <charconv>

namespace davenport::load {

namespace {

/// What people write by hand first: join, message and acknowledgement as small JSON texts. Spoken by the
/// floor and by the ws relay in peers/.
class RelayTalk final : public WebSocketTalk {
public:
    explicit RelayTalk(Persona persona) : WebSocketTalk{std::move(persona), "/"} {}

    void post(std::uint64_t number, std::string_view text, bool acknowledged, std::string& out) override {
        std::string frame = R"({"t":"msg","room":")" + persona().room + "\",";
        if (acknowledged) frame += "\"id\":" + std::to_string(number) + ",";
        frame += "\"m\":\"";
        frame += text;
        frame += "\"}";
        append_frame(out, frame);
    }

private:
    void on_open(std::string& out) override {
        append_frame(out, R"({"t":"join","room":")" + persona().room + "\"}");
    }

    void on_text(std::string_view text, std::string&, Heard& heard) override {
        if (text.starts_with(R"({"t":"ack)")) {
            std::uint64_t number = 0;
            const auto at = text.find("\"id\":");
            if (at != std::string_view::npos)
                std::from_chars(text.data() + at + 5, text.data() + text.size(), number);
            heard.accepted(number);
        } else if (text.starts_with(R"({"t":"joined)")) {
            heard.ready();
        } else {
            heard.message(text);
        }
    }
};

}  // namespace

std::unique_ptr<Talk> make_relay_talk(Persona persona) {
    return std::make_unique<RelayTalk>(std::move(persona));
}

}  // namespace davenport::load
