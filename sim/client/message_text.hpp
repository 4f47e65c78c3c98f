#pragma once

#include <string>
#include <string_view>

namespace davenport::sim::client {

/// The text of a message: its name, then padding made from it up to `size_bytes`, so that whoever gets it can
/// tell that it is whole. One in four has what programs trip over in its padding, where there is room:
/// quotes, control characters, letters of four bytes.
std::string make_text(std::string_view msg, int size_bytes);
/// The name in such a text, a view of it; empty when the text is not a client's or was altered.
std::string_view msg_of_text(std::string_view text);
/// A name of a text, taken apart: "c3-17+2" is the second edit of "c3-17".
struct TextName {
    std::string_view msg;
    int edit = 0;
};
TextName text_name(std::string_view name);
/// The name of a message's text after so many edits.
std::string edit_name(std::string_view msg, int edit);
/// As above, and empty too when it is not by `user` that it was said.
std::string_view msg_said_by(std::string_view user, std::string_view text);

}  // namespace davenport::sim::client
