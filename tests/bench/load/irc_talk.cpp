#include "talk.hpp"

#include <charconv>

namespace davenport::load {

namespace {

/// RFC 2812. A PING sent after a message is answered after it was passed on: the only acknowledgement that
/// IRC has.
class IrcTalk final : public Talk {
public:
    explicit IrcTalk(Persona persona) : persona_{std::move(persona)} {}

    void greet(std::string& out) override { out += "NICK " + persona_.name + "\r\nUSER u 0 * :u\r\n"; }

    std::size_t read(std::string_view bytes, std::string& out, Heard& heard) override {
        std::size_t at = 0;
        for (std::string_view line; next_line(bytes, at, line);) {
            if (line.find('|') != std::string_view::npos) {
                heard.message(line);
            } else if (line.starts_with("PING ")) {
                out += "PONG " + std::string{line.substr(5)} + "\r\n";
            } else {
                on_command(line, out, heard);
            }
        }
        return at;
    }

    void post(std::uint64_t number, std::string_view text, bool acknowledged, std::string& out) override {
        out += "PRIVMSG #" + persona_.room + " :";
        out += text;
        out += "\r\n";
        if (acknowledged) out += "PING :ack" + std::to_string(number) + "\r\n";
    }

    [[nodiscard]] bool echoes() const override { return false; }

private:
    void on_command(std::string_view line, std::string& out, Heard& heard) {
        const auto space = line.find(' ');
        if (space == std::string_view::npos) return;
        const auto command = line.substr(space + 1, line.find(' ', space + 1) - space - 1);
        if (command == "001") {
            out += "JOIN #" + persona_.room + "\r\n";
        } else if (command == "366") {  // the end of the list of names
            heard.ready();
        } else if (command == "433") {  // the other server still remembers us
            persona_.name += "x";
            out += "NICK " + persona_.name + "\r\n";
        } else if (command == "PONG") {
            const auto mark = line.rfind("ack");
            std::uint64_t number = 0;
            if (mark == std::string_view::npos) return;
            std::from_chars(line.data() + mark + 3, line.data() + line.size(), number);
            heard.accepted(number);
        }
    }

    Persona persona_;
};

}  // namespace

std::unique_ptr<Talk> make_irc_talk(Persona persona) { return std::make_unique<IrcTalk>(std::move(persona)); }

}  // namespace davenport::load
