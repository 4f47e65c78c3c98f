#include "couchmock/javascript/arena.hpp"
#include "couchmock/javascript/engine.hpp"
#include "couchmock/javascript/surrogates.hpp"
#include "tests/couchmock/mock_client.hpp"

#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

/// The sandbox that functions of design documents run in: what they may take, and what they may not reach.
namespace davenport::couchmock::javascript {
namespace {

using namespace std::chrono_literals;

/// Small, so that a test of a limit takes no time.
constexpr Limits small{.bytes_max = 16 * 1024 * 1024, .time_max = 100ms};

/// What a map function emits for `document`; "error: reason" when the call failed.
std::string map(Engine& engine, std::string_view document = "{}") {
    try {
        return engine.call("map", {document});
    } catch (const Failure& failure) {
        return failure.error + ": " + failure.reason;
    }
}
std::string map_once(std::string source, std::string_view document = R"({"_id":"a"})") {
    Engine engine{"{}", small};
    engine.set_maps({std::move(source)});
    return map(engine, document);
}

TEST(Engine, EmitsWhatAFunctionEmits) {
    EXPECT_EQ(map_once("function(doc) { emit(doc._id, [1, null, true]); emit(); }"),
              R"([[["a",[1,null,true]],[null,null]]])");
    EXPECT_EQ(map_once("function(doc) { emit(1, doc); emit(2, undefined); };  "),
              R"([[[1,{"_id":"a"}],[2,null]]])")
        << "a semicolon behind the function";
    EXPECT_EQ(map_once("// words\nfunction(doc) { /* more */ emit(0.5, 1e21); } // end"),
              R"([[[0.5,1e+21]]])");
}

TEST(Engine, SealsADocumentAgainstTheFunctionsBefore) {
    Engine engine{"{}", small};
    engine.set_maps({"function(doc) { doc.n = 2; doc.inner.n = 2; delete doc.inner; }",
                     "function(doc) { emit(doc.n, doc.inner.n); }"});
    EXPECT_EQ(map(engine, R"({"n":1,"inner":{"n":1}})"), "[[],[[1,1]]]");
}

TEST(Engine, SwallowsWhatAMapFunctionThrowsAndLogsIt) {
    Engine engine{"{}", small};
    engine.set_maps(
        {"function(doc) { emit(1, 1); throw new TypeError('no'); }", "function(doc) { emit(2, 2); }"});
    EXPECT_EQ(map(engine, R"({"_id":"x"})"), "[[],[[2,2]]]");
    const auto log = engine.take_log();
    ASSERT_EQ(log.size(), 1u);
    EXPECT_EQ(log.front(), "function raised exception TypeError: no with doc._id x");
}

TEST(Engine, PassesOnWhatAFunctionMeansToBeFatal) {
    EXPECT_EQ(map_once("function(doc) { throw 'fatal_error'; }"),
              "map_runtime_error: function raised 'fatal_error'");
    EXPECT_EQ(map_once("function(doc) { throw ['fatal', 'mine', 'because']; }"), "mine: because");
}

TEST(Engine, RefusesToCompileInCouchDbsWords) {
    EXPECT_EQ(map_once("function(doc) { emit("),
              "compilation_error: SyntaxError: parse error (line 2, end of input) (function(doc) { emit()");
    EXPECT_EQ(map_once("42"), "compilation_error: Expression does not eval to a function. (42)");
    EXPECT_EQ(map_once(""), "not_found: missing function");
}

// ---- limits

TEST(Engine, StopsALoopThatCallsNothing) {
    if (!test::loops_can_be_stopped) GTEST_SKIP();
    for (const auto* loop :
         {"while (true) ;", "for (;;) { }", "do { } while (1);", "for (var i = 0; ; ++i) i % 7;",
          "while (true) { try { throw 1; } catch (e) { } finally { continue; } }", "a: for (;;) continue a;"})
        EXPECT_EQ(map_once("function(doc) { " + std::string{loop} + " }"),
                  "os_process_error: OS process timed out.")
            << loop;
}

TEST(Engine, StopsWhatRunsLongInsideOfTheLanguage) {
    if (!test::loops_can_be_stopped) GTEST_SKIP();
    for (const auto* code : {"/(x+x+)+y/.test(new Array(64).join('x'));",
                             "[].sort.call({length: 100000000}, function () { return 0; });",
                             "var s = new Array(1 << 18).join('a'); for (;;) s.indexOf(s + 'b');"})
        EXPECT_EQ(map_once("function(doc) { " + std::string{code} + " }"),
                  "os_process_error: OS process timed out.")
            << code;
}

TEST(Engine, StopsWhatAllocatesWithoutEnd) {
    if (!test::loops_can_be_stopped) GTEST_SKIP();
    for (const auto* code :
         {"var a = []; for (;;) a.push({});", "var s = 'x'; for (;;) s += s;", "for (;;) emit(doc, doc);",
          "var a = []; for (;;) { try { for (;;) a.push('x' + a.length); } catch (e) { } }",
          "new Uint8Array(1 << 28);", "for (var i = 0, o = {}; ; ++i) o['k' + i] = i;"}) {
        const auto ended = map_once("function(doc) { " + std::string{code} + " }");
        EXPECT_TRUE(ended == "os_process_error: {exit_status,1}" ||
                    ended == "os_process_error: OS process timed out.")
            << code << '\n'
            << ended;
    }
}

TEST(Engine, StopsWhatRecursesWithoutEnd) {
    for (const auto* code : {"function f() { return f() + 1; } f();",
                             "var o = {}; o.toString = function () { return '' + o; }; '' + o;",
                             "var a = []; for (var i = 0; i < 100000; ++i) a = [a]; emit(a, 1);",
                             "(function f(n) { [1].forEach(function () { f(n + 1); }); })(0);"}) {
        const auto ended = map_once("function(doc) { " + std::string{code} + " }");
        EXPECT_TRUE(ended == "InternalError: stack overflow" || ended.starts_with("RangeError") ||
                    ended == "os_process_error: {exit_status,1}")
            << code << '\n'
            << ended;
    }
}

TEST(Engine, RefusesACircle) {
    EXPECT_TRUE(map_once("function(doc) { var a = {}; a.a = a; emit(1, a); }").starts_with("TypeError: "));
    EXPECT_TRUE(map_once("function(doc) { var a = []; a.push(a); emit(a, 1); }").starts_with("TypeError: "));
}

TEST(Engine, GoesOnWithAFreshHeapAfterALimit) {
    if (!test::loops_can_be_stopped) GTEST_SKIP();
    Engine engine{"{}", small};
    engine.set_maps(
        {"function(doc) { if (doc.loop) for (;;) ; if (doc.eat) for (var a = []; ; ) a.push(a.concat(a)); "
         "emit(doc._id, 1); }"});
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(map(engine, R"({"_id":"a","loop":true})"), "os_process_error: OS process timed out.");
        EXPECT_EQ(map(engine, R"({"_id":"b"})"), R"([[["b",1]]])");
        EXPECT_TRUE(map(engine, R"({"_id":"c","eat":true})").starts_with("os_process_error: "));
        EXPECT_EQ(map(engine, R"({"_id":"d"})"), R"([[["d",1]]])");
    }
}

// ---- the sandbox

TEST(Engine, HidesWhatLeadsOutOfTheSandbox) {
    EXPECT_EQ(
        map_once("function(doc) { emit([typeof eval, typeof Function, typeof Duktape, typeof Proxy], 0); }"),
        R"([[[["undefined","undefined","undefined","undefined"],0]]])");
    for (const auto* code :
         {"(function () {}).constructor('return 1')()", "[].map.constructor('return 1')()"})
        EXPECT_EQ(map_once("function(doc) { try { emit(" + std::string{code} +
                           ", 0); } catch (e) { emit(e.name, 0); } }"),
                  R"([[["EvalError",0]]])")
            << code;
}

TEST(Engine, KnowsNoClockZoneOrChanceButTheGivenOnes) {
    Engine engine{"{}", small};
    engine.set_now(1'795'460'362'000);
    engine.set_maps(
        {"function(doc) { emit(new Date(), Date.now()); emit(new Date(2012, 6, 14, 9, 49).toISOString(), "
         "[new Date(0).getHours(), new Date().getTimezoneOffset(), new "
         "Date('2012-07-14T00:00:00Z').getDay()]); }"});
    EXPECT_EQ(map(engine),
              R"([[["2026-11-23T18:59:22.000Z",1795460362000],["2012-07-14T09:49:00.000Z",[0,0,6]]]])");
    const auto random = "function(doc) { emit(Math.random(), Math.random()); }";
    EXPECT_EQ(map_once(random), map_once(random));
    EXPECT_NE(map_once(random), "[[[0,0]]]");
}

TEST(Engine, LeavesOneFunctionWhatItNeedsWhateverAnotherBroke) {
    Engine engine{"{}", small};
    engine.set_maps(
        {"function(doc) { JSON.stringify = null; Array.prototype.push = null; Object.freeze = null; }",
         "function(doc) { emit(1, 1); }"});
    EXPECT_TRUE(map(engine).starts_with("[")) << map(engine);
}

TEST(Engine, FindsModulesOfTheDesignDocument) {
    Engine engine{
        R"({"views":{"lib":{"a":"exports.n = require('./b').n + 1;","b":"exports.n = 41;",)"
        R"("c":"require('views/lib/d'); exports.ok = 1;","d":"require('./c'); exports.ok = 1;","bad":"throw 1"}}})",
        small};
    engine.set_maps({"function(doc) { emit(require('views/lib/a').n, require('views/lib/c').ok); }"});
    EXPECT_EQ(map(engine), "[[[42,1]]]");
    engine.set_maps({"function(doc) { try { require('views/lib/none'); } catch (e) { emit(e, 0); } }"});
    EXPECT_TRUE(
        map(engine).starts_with(R"([[[["error","invalid_require_path","Object has no property \"none\".)"))
        << map(engine);
}

TEST(Engine, CountsCharactersAsJavaScriptDoes) {
    EXPECT_EQ(map_once("function(doc) { emit(doc.t.length, doc.t); emit('\\ud83d\\ude00', doc.t === "
                       "'\\ud83d\\ude00'); }",
                       "{\"t\":\"\xF0\x9F\x98\x80\"}"),
              "[[[2,\"\xF0\x9F\x98\x80\"],[\"\xF0\x9F\x98\x80\",true]]]");
    EXPECT_EQ(map_once("function(doc) { emit(doc.t.charAt(0), 1); }", "{\"t\":\"\xF0\x9F\x98\x80\"}"),
              "[[[\"\xEF\xBF\xBD\",1]]]")
        << "half a character is none";
}

TEST(Surrogates, GoThereAndBack) {
    const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z\xF4\x8F\xBF\xBF";
    std::string buffer;
    std::string split{split_surrogates(text, buffer)};
    EXPECT_EQ(split.size(), text.size() + 4);
    join_surrogates(split);
    EXPECT_EQ(split, text);
    EXPECT_EQ(split_surrogates("plain", buffer), "plain");
}

TEST(Arena, GivesNoMoreThanItsBoundAndTakesAllBack) {
    Arena arena{100'000};
    std::vector<void*> blocks;
    while (auto* block = arena.allocate(1000)) blocks.push_back(block);
    EXPECT_GT(blocks.size(), 90u);
    EXPECT_LE(arena.bytes_used(), 100'000u);
    for (auto* block : blocks) arena.release(block);
    EXPECT_EQ(arena.bytes_used(), 0u);
    auto* large = arena.allocate(50'000);
    ASSERT_NE(large, nullptr);
    std::memset(large, 7, 50'000);
    auto* moved = static_cast<unsigned char*>(arena.resize(large, 10'000));
    EXPECT_EQ(moved[9'999], 7);
    EXPECT_EQ(arena.resize(moved, 200'000), nullptr);
    EXPECT_EQ(arena.allocate(static_cast<std::size_t>(-1)), nullptr);
    arena.release(moved);
    EXPECT_EQ(arena.bytes_used(), 0u);
}

}  // namespace
}  // namespace davenport::couchmock::javascript
