#include "sim/scenario/expression.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/tokens.hpp"
#include "sim/scenario/value.hpp"

#include <fmt/format.h>

namespace davenport::sim {

using language::names;

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
    const auto counts = [&](RecordKind kind) { return record.kind == kind && compare(++count_); };
    if (subject == "sent") return record.count <= 1 && counts(RecordKind::send);
    if (subject == "accepted") return counts(RecordKind::accepted);
    if (subject == "stored") return counts(RecordKind::stored);
    if (subject == "shown") return counts(RecordKind::shown);
    if (subject == "backlog")
        return (record.kind == RecordKind::backlog || record.kind == RecordKind::store) && here &&
               compare(record.count);
    if (subject == "feed.rows" && record.kind == RecordKind::shown && here) {
        // One and the same message counts once for each node.
        return shown_.insert(record.node + ' ' + record.msg).second && compare(++count_);
    }
    return false;
}

}  // namespace davenport::sim
