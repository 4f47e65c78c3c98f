#include "sim/scenario/expression.hpp"

#include "sim/scenario/language.hpp"
#include "sim/scenario/value.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sim {

namespace {

using language::names;

struct Token {
    std::string_view text;  ///< empty at the end
    int column = 0;         ///< in the line, from 0
};

/// Takes an expression apart: words, parentheses, relations.
class Tokens {
public:
    Tokens(std::string_view text, Location at, std::vector<Problem>& problems)
        : text_{text}, at_{at}, problems_{problems} {
        advance();
    }

    [[nodiscard]] const Token& now() const { return now_; }
    [[nodiscard]] bool at_end() const { return now_.text.empty(); }

    Token take() {
        const auto taken = now_;
        advance();
        return taken;
    }
    bool take_if(std::string_view text) {
        if (now_.text != text) return false;
        advance();
        return true;
    }
    void complain(const Token& token, std::string message, std::string hint = {}) {
        problems_.push_back({{at_.line, at_.column + token.column}, std::move(message), std::move(hint)});
    }

private:
    static bool in_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '.' || c == '-' || c == '%' || c == '#' || (static_cast<unsigned char>(c) & 0x80) != 0;
    }

    void advance() {
        while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) ++position_;
        const auto begin = position_;
        if (begin < text_.size()) {
            if (in_word(text_[begin])) {
                while (position_ < text_.size() && in_word(text_[position_])) ++position_;
            } else {
                ++position_;
                const bool relation = text_[begin] == '<' || text_[begin] == '>' || text_[begin] == '=';
                if (relation && position_ < text_.size() && text_[position_] == '=') ++position_;
            }
        }
        now_ = {text_.substr(begin, position_ - begin), static_cast<int>(begin)};
    }

    std::string_view text_;
    Location at_;
    std::vector<Problem>& problems_;
    std::size_t position_ = 0;
    Token now_;
};

bool is_relation(std::string_view text) {
    return text == "<" || text == "<=" || text == ">" || text == ">=" || text == "==";
}

bool contains(const std::vector<std::string_view>& list, std::string_view word) {
    return std::ranges::find(list, word) != list.end();
}

bool is_name(std::string_view word) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !word.empty() && letter(word.front());
}

std::optional<Duration> read_time(Tokens& tokens) {
    const auto token = tokens.take();
    std::string why;
    if (token.text.empty()) {
        tokens.complain(token, "a time is missing", "as in 5s or 50ms");
        return std::nullopt;
    }
    const auto value = parse_value(Type::time, token.text, why);
    if (!value) {
        tokens.complain(token, fmt::format("'{}' {}", token.text, why));
        return std::nullopt;
    }
    return Duration{value->low};
}

/// `< 5s` and nothing behind it.
bool read_threshold(Tokens& tokens, Expectation& expectation) {
    const auto relation = tokens.take();
    if (!is_relation(relation.text)) {
        tokens.complain(relation,
                        relation.text.empty() ? "a threshold is missing"
                                              : fmt::format("'{}' is no relation", relation.text),
                        "as in < 50ms; relations are < <= > >= ==");
        return false;
    }
    expectation.relation = relation.text;
    const auto value = read_time(tokens);
    if (!value) return false;
    expectation.value = static_cast<double>(value->count());
    if (!tokens.at_end()) {
        tokens.complain(tokens.now(), fmt::format("'{}' after the end of the expectation", tokens.now().text),
                        "a phase stands before the relation: p99(local_echo) during outage < 50ms");
        return false;
    }
    return true;
}

/// `recovery of outage < 5s`, the first word taken.
bool read_recovery(Tokens& tokens, Expectation& expectation) {
    if (!tokens.take_if("of") || !is_name(tokens.now().text)) {
        tokens.complain(tokens.now(), "'recovery' needs a fault's name", "as in recovery of outage < 5s");
        return false;
    }
    expectation.property = fmt::format("recovery of {}", tokens.take().text);
    return read_threshold(tokens, expectation);
}

/// `p99(local_echo) during outage < 50ms`, the first word taken.
bool read_quantile(const Token& quantile, Tokens& tokens, Expectation& expectation) {
    bool good = true;
    if (!contains(names(language::quantiles()), quantile.text)) {
        tokens.complain(quantile, fmt::format("'{}' is no quantile", quantile.text),
                        suggest(quantile.text, names(language::quantiles())));
        good = false;
    }
    tokens.take_if("(");
    const auto metric = tokens.take();
    if (!contains(names(language::metrics()), metric.text)) {
        tokens.complain(
            metric,
            metric.text.empty() ? "a metric is missing" : fmt::format("unknown metric '{}'", metric.text),
            suggest(metric.text, names(language::metrics())));
        good = false;
    }
    if (!tokens.take_if(")")) {
        tokens.complain(tokens.now(), "')' is missing", "as in p99(delivery) < 250ms");
        return false;
    }
    expectation.property = fmt::format("{}({})", quantile.text, metric.text);
    if (!tokens.at_end() && !is_relation(tokens.now().text)) {
        const auto phase = tokens.take();
        if (!contains(names(language::phases()), phase.text)) {
            tokens.complain(phase, fmt::format("'{}' is no phase", phase.text),
                            suggest(phase.text, names(language::phases())));
            return false;
        }
        if (!is_name(tokens.now().text)) {
            tokens.complain(tokens.now(), fmt::format("'{}' needs a fault's name", phase.text),
                            "as in during outage");
            return false;
        }
        expectation.phase = fmt::format("{} {}", phase.text, tokens.take().text);
    }
    return read_threshold(tokens, expectation) && good;
}

bool read_property(const Token& word, Tokens& tokens, Expectation& expectation) {
    const auto& table = language::properties();
    const auto known = std::ranges::find(table, word.text, &language::Property::name);
    if (known == table.end()) {
        auto all = names(table);
        if (!tokens.at_end() && tokens.now().text != "within") all = {};
        all.push_back("recovery");
        auto hint = suggest(word.text, all);
        for (const auto metric : names(language::metrics()))
            if (metric == word.text) hint = fmt::format("a metric stands in a quantile: p99({})", metric);
        for (const auto quantile : names(language::quantiles()))
            if (quantile == word.text)
                hint = fmt::format("a quantile is of a metric: {}(delivery)", quantile);
        tokens.complain(word, fmt::format("unknown property '{}'", word.text), std::move(hint));
        return false;
    }
    expectation.property = word.text;
    if (tokens.now().text == "within" && known->within != language::Within::no) {
        tokens.take();
        const auto within = read_time(tokens);
        if (!within) return false;
        expectation.within = *within;
    }
    if (!tokens.at_end()) {
        const auto hint = is_relation(tokens.now().text)
                              ? "only quantiles and recovery have a threshold: p99(delivery) < 250ms"
                              : "";
        tokens.complain(tokens.now(),
                        fmt::format("'{}' cannot stand after {}", tokens.now().text, known->name), hint);
        return false;
    }
    return true;
}

}  // namespace

std::optional<Expectation> parse_expectation(std::string_view text, Location at,
                                             std::vector<Problem>& problems) {
    Tokens tokens{text, at, problems};
    Expectation expectation;
    expectation.text = text;
    expectation.location = at;
    const auto first = tokens.take();
    const bool good = first.text == "recovery"   ? read_recovery(tokens, expectation)
                      : tokens.now().text == "(" ? read_quantile(first, tokens, expectation)
                                                 : read_property(first, tokens, expectation);
    return good ? std::optional{expectation} : std::nullopt;
}

std::optional<Condition> parse_condition(std::string_view text, Location at, std::vector<Problem>& problems) {
    Tokens tokens{text, at, problems};
    Condition condition;
    const auto subject = tokens.take();
    condition.subject = subject.text;
    std::string why;
    if (tokens.take_if("(")) {
        const auto node = tokens.take();
        if (!parse_value(Type::node, node.text, why)) {
            tokens.complain(node, fmt::format("'{}' {}", node.text, why));
            return std::nullopt;
        }
        condition.node = node.text;
        if (!tokens.take_if(")")) {
            tokens.complain(tokens.now(), "')' is missing", "as in feed(n1).rows >= 100");
            return std::nullopt;
        }
        if (tokens.now().text.starts_with('.')) condition.subject += tokens.take().text;
    }
    if (!contains(names(language::subjects()), condition.subject)) {
        tokens.complain(subject, fmt::format("'{}' cannot be waited for", condition.subject),
                        suggest(condition.subject, names(language::subjects())));
        return std::nullopt;
    }
    if (!condition.node.empty() && condition.subject != "feed.rows" && condition.subject != "backlog") {
        tokens.complain(subject, fmt::format("{} is counted over all nodes", condition.subject),
                        "leave the node out");
        return std::nullopt;
    }
    const auto relation = tokens.take();
    if (relation.text != ">=" && relation.text != ">") {
        tokens.complain(relation,
                        relation.text.empty() ? "a comparison is missing"
                                              : fmt::format("'{}' cannot be waited for", relation.text),
                        "a count only grows: accepted >= 100");
        return std::nullopt;
    }
    condition.relation = relation.text;
    const auto number = tokens.take();
    const auto value = parse_value(Type::count, number.text, why);
    if (!value) {
        tokens.complain(number, fmt::format("'{}' {}", number.text, why));
        return std::nullopt;
    }
    condition.value = value->low;
    if (!tokens.at_end()) {
        tokens.complain(tokens.now(), fmt::format("'{}' after the end of the condition", tokens.now().text));
        return std::nullopt;
    }
    return condition;
}

ConditionWatch::ConditionWatch(std::string_view condition) {
    std::vector<Problem> none;
    if (auto parsed = parse_condition(condition, {}, none))
        condition_ = std::move(*parsed);
    else
        met_ = true;  // never asked for: such a scenario does not pass the reader
}

bool ConditionWatch::compare(std::int64_t count) {
    met_ = condition_.relation == ">" ? count > condition_.value : count >= condition_.value;
    return met_;
}

bool ConditionWatch::take(const Record& record) {
    if (met_) return false;
    const auto& subject = condition_.subject;
    const bool here = condition_.node.empty() || condition_.node == record.node;
    const auto counts = [&](What what) { return record.what == what && compare(++count_); };
    if (subject == "sent") return record.count <= 1 && counts(What::send);
    if (subject == "accepted") return counts(What::accepted);
    if (subject == "stored") return counts(What::stored);
    if (subject == "shown") return counts(What::shown);
    if (subject == "backlog")
        return (record.what == What::backlog || record.what == What::store) && here && compare(record.count);
    if (subject == "feed.rows" && record.what == What::shown && here) {
        // One and the same message counts once for each node.
        return shown_.insert(record.node + ' ' + record.msg).second && compare(++count_);
    }
    return false;
}

}  // namespace sim
