#include "node/base/digest.hpp"

#include <memory>

#include <openssl/evp.h>

namespace davenport::base {
namespace {

std::string digest(std::string_view bytes, const EVP_MD* algorithm, std::size_t size) {
    thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> kept{EVP_MD_CTX_new(),
                                                                                    &EVP_MD_CTX_free};
    auto* const context = kept.get();
    std::string out(size, '\0');
    EVP_DigestInit_ex2(context, algorithm, nullptr);
    EVP_DigestUpdate(context, bytes.data(), bytes.size());
    EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(out.data()), nullptr);
    return out;
}

}  // namespace

// Looking an algorithm up anew for each digest would cost more than the digest.
std::string md5(std::string_view bytes) {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "MD5", nullptr);
    return digest(bytes, algorithm, 16);
}

std::string sha256(std::string_view bytes) {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return digest(bytes, algorithm, 32);
}

}  // namespace davenport::base
