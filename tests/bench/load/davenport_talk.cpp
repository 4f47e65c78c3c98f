#include "websocket_talk.hpp"

#include <charconv>
#include <chrono>

namespace davenport::load {

namespace {

/// The 13 letters of a message key: 48 bits of milliseconds and 16 of a counter.
void append_key_letters(std::string& out, std::uint64_t bits) {
    static constexpr std::string_view letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    for (int shift = 60; shift >= 0; shift -= 5) out.push_back(letters[(bits >> shift) & 31u]);
}

/// Our own protocol (node/PROTOCOL.md).
class DavenportTalk final : public WebSocketTalk {
public:
    explicit DavenportTalk(Persona persona) : WebSocketTalk{std::move(persona), "/ws"} {}

    void post(std::uint64_t number, std::string_view text, bool, std::string& out) override {
        // The number stands in the key's free part, so an answer tells it without a table here.
        frame_ = R"({"t":"post","room":")";
        frame_ += persona().room;
        frame_ += R"(","key":")";
        append_key_letters(frame_, next_key_bits());
        frame_ += '-';
        frame_ += persona().name;
        frame_ += '_';
        frame_ += std::to_string(number);
        frame_ += R"(","text":")";
        frame_ += text;
        frame_ += R"("})";
        append_frame(out, frame_);
    }

private:
    void on_open(std::string& out) override {
        append_frame(out, R"({"t":"hello","v":1,"user":")" + persona().name + "\"}");
        const auto place = cursor_.empty()
                               ? std::string{R"(,"history":0)"}
                               : R"(,"cursor":")" + cursor_ + R"(","n":)" + n_ + R"(,"seen":")" + seen_ + '"';
        append_frame(out, R"({"t":"join","room":")" + persona().room + '"' + place +
                              (persona().people ? R"(,"people":true})" : "}"));
    }

    void on_text(std::string_view text, std::string&, Heard& heard) override {
        if (!text.starts_with(R"({"t":")")) return heard.refused(text);
        const auto kind = text.substr(6, 6);
        if (persona().durable) keep_place(text);
        if (kind == "messag") {
            heard.message(text);
        } else if (kind == "accept") {
            heard.accepted(number_in(text));
        } else if (kind == "stored") {
            heard.stored(number_in(text));
        } else if (kind == "joined") {
            heard.ready();
        } else if (kind == "people") {
            heard.people(text);
        } else if (kind == "refuse" || kind == "failed" || kind.starts_with("error") ||
                   kind.starts_with("bye")) {
            heard.refused(text);
        }
    }

    /// Where it resumes, at this server or another.
    void keep_place(std::string_view text) {
        const auto keep = [&](std::string_view lead, std::string& into) {
            const auto at = text.find(lead);
            if (at == std::string_view::npos) return;
            const auto value = text.substr(at + lead.size());
            into.assign(value.substr(0, value.find_first_of(std::string_view{"},\""})));
        };
        keep(R"("cursor":")", cursor_);
        keep(R"("pos":")", seen_);
        keep(R"("n":)", n_);
    }

    static std::uint64_t number_in(std::string_view text) {
        const auto key = text.find(R"("key":")");
        if (key == std::string_view::npos) return 0;
        const auto end = text.find('"', key + 7);
        const auto start = text.rfind('_', end) + 1;
        std::uint64_t number = 0;
        std::from_chars(text.data() + start, text.data() + end, number);
        return number;
    }

    std::uint64_t next_key_bits() {
        const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
        last_key_ = std::max(last_key_ + 1, static_cast<std::uint64_t>(ms) << 16);
        return last_key_;
    }

    std::string cursor_, seen_, n_ = "0";
    std::uint64_t last_key_ = 0;
    std::string frame_;
};

}  // namespace

std::unique_ptr<Talk> make_davenport_talk(Persona persona) {
    return std::make_unique<DavenportTalk>(std::move(persona));
}

}  // namespace davenport::load
