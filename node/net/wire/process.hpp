#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace davenport::wire {

/// As many open sockets as the system lets this process have: a chat has one for each person.
void raise_descriptor_limit();

/// Writes the port and a newline, all at once: whoever waits for the file never reads half a number. Throws
/// std::runtime_error with one line that names the file.
void write_port_file(const std::string& path, std::uint16_t port);

/// How many descriptors the process may have open.
std::size_t descriptor_limit();

/// A write beyond the limit of a file's size (RLIMIT_FSIZE) fails like one to a full disk, and ends nothing.
void ignore_file_size_signal();

}  // namespace davenport::wire
