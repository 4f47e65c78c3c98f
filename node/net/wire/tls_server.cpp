#include "node/net/wire/tls_server.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace davenport::wire {
namespace {

constexpr std::string_view speak_https =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 34\r\nConnection: close\r\n\r\n"
    "https is spoken here: use https://";

std::string last_error() {
    std::array<char, 200> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    ERR_clear_error();
    return text.data();
}

// ---- between OpenSSL and the channel: OpenSSL's own memory BIOs keep the largest that ever went through
// them

TlsChannel::Bytes& bytes_of(BIO* bio) { return *static_cast<TlsChannel::Bytes*>(BIO_get_data(bio)); }

int read_bytes(BIO* bio, char* to, int size) {
    auto& in = bytes_of(bio).in;
    BIO_clear_retry_flags(bio);
    if (in.empty()) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const auto count = in.copy(to, static_cast<std::size_t>(std::max(size, 0)));
    in.remove_prefix(count);
    return static_cast<int>(count);
}

int write_bytes(BIO* bio, const char* from, int size) {
    bytes_of(bio).out.append(from, static_cast<std::size_t>(std::max(size, 0)));
    return size;
}

long control_bytes(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

BIO* make_bio(TlsChannel::Bytes& bytes) {
    static BIO_METHOD* const method = [] {
        auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "channel");
        if (!made) throw std::bad_alloc{};
        BIO_meth_set_read(made, read_bytes);
        BIO_meth_set_write(made, write_bytes);
        BIO_meth_set_ctrl(made, control_bytes);
        return made;
    }();
    auto* bio = BIO_new(method);
    if (!bio) throw std::bad_alloc{};
    BIO_set_data(bio, &bytes);
    BIO_set_init(bio, 1);
    return bio;
}

std::shared_ptr<ssl_ctx_st> make_context(const std::string& cert_file, const std::string& key_file) {
    ERR_clear_error();
    std::shared_ptr<ssl_ctx_st> context{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
    if (!context) throw std::invalid_argument("TLS is not available: " + last_error());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (SSL_CTX_use_certificate_chain_file(context.get(), cert_file.c_str()) != 1)
        throw std::invalid_argument(
            fmt::format("cannot use the certificate {}: {}: give --tls-cert a readable PEM file", cert_file,
                        last_error()));
    if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        throw std::invalid_argument(
            fmt::format("cannot use the key {}: {}: give --tls-key the PEM file with the key of {}", key_file,
                        last_error(), cert_file));
    if (SSL_CTX_check_private_key(context.get()) != 1)
        throw std::invalid_argument(
            fmt::format("the key {} is not that of the certificate {}", key_file, cert_file));
    return context;
}

}  // namespace

TlsIdentity::TlsIdentity(std::string cert_file, std::string key_file)
    : cert_file_(std::move(cert_file)),
      key_file_(std::move(key_file)),
      context_(make_context(cert_file_, key_file_)) {}

void TlsIdentity::reload() { context_ = make_context(cert_file_, key_file_); }

void TlsChannel::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsChannel::TlsChannel(const TlsIdentity& identity)
    : context_(identity.context_), bytes_(std::make_unique<Bytes>()), ssl_(SSL_new(context_.get())) {
    if (!ssl_) throw std::bad_alloc{};
    auto* bio = make_bio(*bytes_);
    SSL_set_bio(ssl_.get(), bio, bio);  // it is its own from here on
    SSL_set_accept_state(ssl_.get());
}

TlsChannel::Outcome TlsChannel::receive(std::string_view bytes, std::string& plain) {
    ERR_clear_error();
    bytes_->in = bytes;                 // all of it is read below: a part of a record is kept by OpenSSL
    std::array<char, 16 * 1024> piece;  // one TLS record
    for (;;) {
        const int n = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
        if (n > 0) {
            plain.append(piece.data(), static_cast<std::size_t>(n));
            continue;
        }
        switch (SSL_get_error(ssl_.get(), n)) {
            case SSL_ERROR_WANT_READ:
            case SSL_ERROR_WANT_WRITE:
                return Outcome::open;
            case SSL_ERROR_ZERO_RETURN:
                return Outcome::ended;
            default:
                if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST) first_word_ = speak_https;
                ERR_clear_error();
                return Outcome::broken;
        }
    }
}

void TlsChannel::seal(std::string_view plain) {
    ERR_clear_error();
    if (!plain.empty()) SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
}

void TlsChannel::end() {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
}

std::string TlsChannel::take_output() {
    auto out = std::exchange(first_word_, {});
    if (!out.empty()) return out;
    return std::exchange(bytes_->out, {});
}

}  // namespace davenport::wire
