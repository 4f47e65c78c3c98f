#pragma once

#include "talk.hpp"

namespace davenport::load {

/// A WebSocket client: the handshake, and text frames in and out. What the texts mean is the derived class's.
///
/// Frames are masked with key 0, which is legal and costs nothing: the load client shall not be what is
/// measured.
class WebSocketTalk : public Talk {
public:
    WebSocketTalk(Persona persona, std::string path) : persona_{std::move(persona)}, path_{std::move(path)} {}

    void greet(std::string& out) final;
    std::size_t read(std::string_view bytes, std::string& out, Heard& heard) final;

protected:
    /// The handshake is done.
    virtual void on_open(std::string& out) = 0;
    virtual void on_text(std::string_view text, std::string& out, Heard& heard) = 0;
    static void append_frame(std::string& out, std::string_view text);
    [[nodiscard]] const Persona& persona() const { return persona_; }

private:
    Persona persona_;
    std::string path_;
    bool open_ = false;
};

}  // namespace davenport::load
