#pragma once

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

namespace davenport {

namespace net_test {

/// A listening socket on a free port of this machine.
class Listener {
public:
    Listener() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 16) != 0)
            throw std::runtime_error("cannot listen");
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        set_patience(fd_);
    }
    ~Listener() { ::close(fd_); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] int accept() const {
        const int fd = ::accept(fd_, nullptr, nullptr);
        if (fd >= 0) set_patience(fd);
        return fd;
    }
    void shut() const { ::shutdown(fd_, SHUT_RDWR); }

private:
    static void set_patience(int fd) {
        const timeval patience{5, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }

    int fd_;
    std::uint16_t port_ = 0;
};

/// A server whose every move the test makes.
class ScriptServer {
public:
    class Peer {
    public:
        explicit Peer(int fd) : fd_(fd) {}
        Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
        Peer& operator=(Peer&&) = delete;
        ~Peer() { close(); }

        /// The head of the next request and, where it has a length of one digit, its body; empty when the
        /// client hung up.
        std::string request() const {
            std::string out;
            while (!out.ends_with("\r\n\r\n") && read(out)) {
            }
            const auto length = out.find("Content-Length: ");
            if (length != std::string::npos)
                for (int left = out[length + 16] - '0'; left > 0 && read(out); --left) {
                }
            return out;
        }
        void send(std::string_view bytes) const { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
        void close() {
            if (fd_ >= 0) ::close(std::exchange(fd_, -1));
        }

    private:
        bool read(std::string& out) const {
            char byte = 0;
            if (::recv(fd_, &byte, 1, 0) != 1) return false;
            out += byte;
            return true;
        }

        int fd_;
    };

    [[nodiscard]] std::uint16_t port() const { return listener_.port(); }
    [[nodiscard]] Peer accept() const { return Peer{listener_.accept()}; }

private:
    Listener listener_;
};

/// Says hello to everybody, under TLS, with a certificate that it signed itself.
class TlsServer {
public:
    explicit TlsServer(const char* name) {
        make_certificate(name);
        thread_ = std::thread{[this] { serve(); }};
    }
    ~TlsServer() {
        ending_ = true;
        listener_.shut();
        thread_.join();
        SSL_CTX_free(context_);
        std::filesystem::remove(file_);
    }
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return listener_.port(); }
    [[nodiscard]] const std::string& certificate_file() const { return file_; }

private:
    void make_certificate(const char* name) {
        EVP_PKEY* key = EVP_EC_gen("P-256");
        X509* certificate = X509_new();
        X509_set_version(certificate, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        X509_set_pubkey(certificate, key);
        auto* subject = X509_get_subject_name(certificate);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name),
                                   -1, -1, 0);
        X509_set_issuer_name(certificate, subject);
        const auto names = std::string{"DNS:"} + name;
        X509_EXTENSION* extension =
            X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
        X509_add_ext(certificate, extension, -1);
        X509_sign(certificate, key, EVP_sha256());
        context_ = SSL_CTX_new(TLS_server_method());
        SSL_CTX_use_certificate(context_, certificate);
        SSL_CTX_use_PrivateKey(context_, key);
        file_ =
            (std::filesystem::temp_directory_path() / ("davenport-ca-" + std::to_string(::getpid()) + ".pem"))
                .string();
        std::FILE* out = std::fopen(file_.c_str(), "w");
        PEM_write_X509(out, certificate);
        std::fclose(out);
        X509_EXTENSION_free(extension);
        X509_free(certificate);
        EVP_PKEY_free(key);
    }

    void serve() {
        while (!ending_) {
            const int fd = listener_.accept();
            if (fd < 0) continue;
            SSL* tls = SSL_new(context_);
            SSL_set_fd(tls, fd);
            char buffer[4096];
            if (SSL_accept(tls) == 1 && SSL_read(tls, buffer, sizeof buffer) > 0) {
                constexpr std::string_view answer =
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
                SSL_write(tls, answer.data(), static_cast<int>(answer.size()));
                SSL_shutdown(tls);
            }
            SSL_free(tls);
            ::close(fd);
        }
    }

    Listener listener_;
    SSL_CTX* context_ = nullptr;
    std::string file_;
    std::atomic<bool> ending_ = false;
    std::thread thread_;
};

}  // namespace net_test

}  // namespace davenport
