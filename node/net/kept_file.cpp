#include "node/net/kept_file.hpp"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace davenport::node {
namespace {

[[noreturn]] void fail(const std::string& path) {
    throw std::system_error{errno, std::generic_category(), path};
}

/// A descriptor that closes itself.
struct File {
    int fd;
    ~File() { ::close(fd); }
};

}  // namespace

std::string KeptFile::read() const {
    std::ifstream file{path_, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

void KeptFile::write(const std::string& text) const {
    const auto draft = path_ + ".new";
    {
        const File file{::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
        if (file.fd < 0) fail(draft);
        for (std::string_view rest{text}; !rest.empty();) {
            const auto n = ::write(file.fd, rest.data(), rest.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) fail(draft);
            rest.remove_prefix(static_cast<std::size_t>(n));
        }
        if (::fdatasync(file.fd) != 0) fail(draft);
    }
    if (std::rename(draft.c_str(), path_.c_str()) != 0) fail(path_);
}

}  // namespace davenport::node
