#include "node/program/ask_password.hpp"

#include "node/base/text.hpp"
#include "node/program/given_store.hpp"

#include <cstdio>
#include <memory>
#include <stdexcept>

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

namespace davenport::node::program {
namespace {

constexpr std::size_t password_bytes_max = 4096;
constexpr char ctrl_c = '\x03', ctrl_d = '\x04';

/// The terminal without echo. Its keys for signals are letters like others meanwhile: a program that ends by
/// one would leave a terminal that shows nothing.
class SilentTerminal {
public:
    SilentTerminal() : fd_{::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)} {
        if (fd_ < 0 || ::tcgetattr(fd_, &before_) != 0) {
            if (fd_ >= 0) ::close(fd_);
            throw std::invalid_argument(
                "there is no terminal to ask for the password: give --password-file FILE, or '-' for the "
                "standard input");
        }
        auto silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
        ::tcsetattr(fd_, TCSAFLUSH, &silent);
    }
    ~SilentTerminal() {
        ::tcsetattr(fd_, TCSAFLUSH, &before_);
        ::close(fd_);
    }
    SilentTerminal(const SilentTerminal&) = delete;
    SilentTerminal& operator=(const SilentTerminal&) = delete;

    std::string ask(const std::string& prompt) {
        write(prompt);
        std::string line;
        for (char c = 0; ::read(fd_, &c, 1) == 1 && c != '\n' && line.size() < password_bytes_max;) line += c;
        write("\n");
        if (line.find_first_of(std::string{ctrl_c, ctrl_d}) != line.npos)
            throw std::invalid_argument("broken off; nothing was changed");
        return line;
    }

private:
    void write(const std::string& text) {
        if (::write(fd_, text.data(), text.size()) < 0) throw std::runtime_error("the terminal is gone");
    }

    int fd_;
    termios before_{};
};

std::string first_line_of_input() {
    std::string line;
    for (int c = 0; (c = std::getchar()) != EOF && c != '\n' && line.size() < password_bytes_max;)
        line += static_cast<char>(c);
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

std::string ask_twice(const std::string& name) {
    SilentTerminal terminal;
    auto password = terminal.ask(fmt::format("Password for {}: ", base::one_printable_line(name)));
    if (password.empty()) throw std::invalid_argument("no password was given; nothing was changed");
    if (terminal.ask("The same again: ") != password)
        throw std::invalid_argument("the two were not the same; nothing was changed");
    return password;
}

}  // namespace

std::string ask_password(const std::string& name, const std::string& file) {
    auto password = file.empty()  ? ask_twice(name)
                    : file == "-" ? first_line_of_input()
                                  : find_password({}, file);
    if (password.empty())
        throw std::invalid_argument("--password-file -: the first line of the standard input is empty");
    if (!base::is_utf8(password)) throw std::invalid_argument("a password is text in UTF-8");
    return password;
}

}  // namespace davenport::node::program
