#include "sim/search/failure.hpp"

#include <algorithm>

namespace davenport::sim::search {

namespace {

bool is_blank(char c) { return c == ' ' || c == ','; }

/// The text without what stands in parentheses or quotes.
std::string without_asides(std::string_view text) {
    std::string out;
    int depth = 0;
    bool quoted = false;
    for (const char c : text) {
        if (c == '"' && depth == 0) {
            if (!quoted) out += '_';
            quoted = !quoted;
        } else if (quoted) {
            continue;
        } else if (c == '(') {
            if (depth++ == 0 && out.ends_with(' ')) out.pop_back();
        } else if (c == ')' && depth > 0) {
            --depth;
        } else if (depth == 0) {
            out += c;
        }
    }
    return out;
}

bool is_particular(std::string_view word) {
    return std::ranges::any_of(word, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_unit(std::string_view word) { return word == "us" || word == "ms" || word == "s"; }

}  // namespace

std::string shape_of(std::string_view evidence) {
    const auto text = without_asides(evidence);
    std::string out;
    std::string_view before;
    for (std::size_t i = 0; i < text.size();) {
        if (is_blank(text[i])) {
            ++i;
            continue;
        }
        auto end = i;
        while (end < text.size() && !is_blank(text[end])) ++end;
        std::string_view word = std::string_view{text}.substr(i, end - i);
        i = end;
        const bool colon = word.size() > 1 && (word.back() == ':' || word.back() == ';');
        const char mark = colon ? word.back() : '\0';
        if (colon) word.remove_suffix(1);
        // A fault's name stands behind "during"; a number's unit depends on how large the number is.
        const bool particular = is_particular(word) || before == "during" || (before == "_" && is_unit(word));
        if (particular) word = "_";
        const bool again = word == "_" && before == "_";  // "c1, c2, c3" is as long as the list happens to be
        if (!again) {
            if (!out.empty()) out += ' ';
            out += word;
        }
        before = word == "_" ? std::string_view{"_"} : word;
        if (colon) {
            out += mark;
            before = {};
        }
    }
    // "_ and _ more" is a longer list of the same.
    for (const std::string_view more : {" and _ more", " and _"})
        for (auto at = out.find(more); at != std::string::npos; at = out.find(more))
            out.erase(at, more.size());
    return out;
}

std::vector<Failure> failures_of(const checker::Verdict& verdict) {
    std::vector<Failure> failures;
    const auto add = [&](Failure failure) {
        if (std::ranges::find(failures, failure) == failures.end()) failures.push_back(std::move(failure));
    };
    for (const auto& finding : verdict.findings) {
        if (finding.outcome != checker::Outcome::fail) continue;
        if (finding.evidence.empty()) add({finding.property, ""});
        for (const auto& line : finding.evidence)
            if (!line.starts_with("...")) add({finding.property, shape_of(line)});
    }
    return failures;
}

std::vector<std::string> doubts_of(const checker::Verdict& verdict) {
    std::vector<std::string> doubts;
    for (const auto& finding : verdict.findings) {
        if (finding.outcome != checker::Outcome::unknown) continue;
        for (const auto& line : finding.evidence) doubts.push_back(finding.property + ": " + shape_of(line));
        if (finding.evidence.empty()) doubts.push_back(finding.property + ": " + finding.measured);
    }
    return doubts;
}

std::string show(const Failure& failure) {
    return failure.shape.empty() ? failure.property : failure.property + " (" + failure.shape + ")";
}

}  // namespace davenport::sim::search
