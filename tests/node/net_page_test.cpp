#include "node/base/digest.hpp"
#include "node/net/page.hpp"
#include "node/net/page_bundle.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace davenport::node {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(PageBundle, HoldsEachModuleOnceAndWhatIsImportedFirst) {
    const PageFile files[] = {
        {"/a.js",
         "// comment\nimport { b, c as d } from './b.js';\nimport { e } from './e.js';\n\nb(d, e);\n"},
        {"/b.js",
         "import { e } from './e.js';\nexport const c = e;\nexport function b() {\n  /** what it is */\n  "
         "return c;\n}\n"},
        {"/e.js", "export const { e, f } = { e: 1, f: 2 };\n"},
    };
    EXPECT_EQ(bundle_modules("/a.js", files),
              "const m3 = (() => {\nconst { e, f } = { e: 1, f: 2 };\nreturn { e, f };\n})();\n"
              "const m2 = (() => {\nconst { e } = m3;\nconst c = e;\nfunction b() {\n  return c;\n}\nreturn "
              "{ c, b };\n})();\n"
              "const m1 = (() => {\nconst { b, c: d } = m2;\nconst { e } = m3;\nb(d, e);\n})();\n");
}

TEST(PageBundle, RefusesWhatItCannotRead) {
    for (const auto* content : {"import { b } from './missing.js';\n", "import { a } from './a.js';\n",
                                "export default 1;\n", "import x from './a.js';\n", "export let a = 1;\n"}) {
        const PageFile files[] = {{"/a.js", content}};
        EXPECT_THROW(bundle_modules("/a.js", files), std::runtime_error) << content;
    }
}

base::HttpResponse get(const char* path, base::Headers headers = {}) {
    return serve_page({"GET", path, std::move(headers), {}}).value();
}

/// What stands between these two, once.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
    const auto at = text.find(begin) + begin.size();
    return text.substr(at, text.find(end, at) - at);
}

TEST(Page, HasItsScriptAndStyleWithinAndAllowsThemByTheirHashes) {
    const auto page = get("/");
    const auto policy = std::string{base::header(page.headers, "Content-Security-Policy")};
    for (const auto& part : {between(page.body, "<script type=\"module\">", "</script>"),
                             between(page.body, "<style>", "</style>")}) {
        EXPECT_GT(part.size(), 5000U);
        EXPECT_THAT(policy, HasSubstr("'sha256-" + base::base64_encode(base::sha256(part)) + "'"));
    }
    EXPECT_THAT(page.body, Not(HasSubstr("chat.js\"")));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    EXPECT_THAT(get("/index.html").body, HasSubstr("src=\"chat.js\""));
}

TEST(Page, IsGivenCompressedToWhoTakesItWithATagOfItsOwn) {
    const auto plain = get("/");
    const auto packed = get("/", {{"Accept-Encoding", "br, gzip"}});
    EXPECT_EQ(base::header(packed.headers, "Content-Encoding"), "gzip");
    EXPECT_EQ(base::header(packed.headers, "Vary"), "Accept-Encoding");
    EXPECT_NE(base::header(packed.headers, "ETag"), base::header(plain.headers, "ETag"));
    EXPECT_LT(packed.body.size() * 2, plain.body.size());

    z_stream stream{};
    ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    std::string unpacked(plain.body.size() + 1, '\0');
    auto given = packed.body;
    stream.next_in = reinterpret_cast<Bytef*>(given.data());
    stream.avail_in = static_cast<uInt>(given.size());
    stream.next_out = reinterpret_cast<Bytef*>(unpacked.data());
    stream.avail_out = static_cast<uInt>(unpacked.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    unpacked.resize(stream.total_out);
    inflateEnd(&stream);
    EXPECT_EQ(unpacked, plain.body);

    const std::string tag{base::header(packed.headers, "ETag")};
    EXPECT_EQ(get("/", {{"Accept-Encoding", "gzip"}, {"If-None-Match", tag}}).status, 304);
    EXPECT_EQ(get("/", {{"If-None-Match", tag}}).status, 200);
}

TEST(Page, ReadsAcceptEncoding) {
    for (const auto* taken :
         {"gzip", "deflate, gzip", "gzip;q=0.5", "br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip ; q=1"})
        EXPECT_TRUE(accepts_gzip(taken)) << taken;
    for (const auto* not_taken : {"", "identity", "gzip;q=0", "gzip;q=0.000", "gzipped", "br"})
        EXPECT_FALSE(accepts_gzip(not_taken)) << not_taken;
}

TEST(Page, AnswersOnlyWhatItHas) {
    EXPECT_FALSE(serve_page({"GET", "/nothing.js", {}, {}}));
    EXPECT_EQ(serve_page({"POST", "/chat.js", {}, {}})->status, 405);
    EXPECT_EQ(base::header(get("/manifest.webmanifest").headers, "Content-Type"),
              "application/manifest+json");
    EXPECT_EQ(base::header(get("/icon.svg?x").headers, "Content-Type"), "image/svg+xml");
}

}  // namespace
}  // namespace davenport::node
