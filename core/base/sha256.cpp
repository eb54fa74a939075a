#include "core/base/sha256.h"

#include <openssl/evp.h>

namespace inspector {

struct Sha256::Context
{
    struct Free
    {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> handle {EVP_MD_CTX_new()};
};

Sha256::Sha256()
    : m_context(std::make_unique<Context>())
{
    EVP_DigestInit_ex(m_context->handle.get(), EVP_sha256(), nullptr);
}

Sha256::~Sha256() = default;

void Sha256::add(BytesView bytes)
{
    EVP_DigestUpdate(m_context->handle.get(), bytes.data(), bytes.size());
}

Sha256Digest Sha256::finish()
{
    Sha256Digest digest {};
    EVP_DigestFinal_ex(m_context->handle.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return digest;
}

Sha256Digest sha256(BytesView bytes)
{
    Sha256 hash;
    hash.add(bytes);
    return hash.finish();
}

} // namespace inspector
