#include "couchmock/core/selector_node.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;
using Node = Selector::Node;

constexpr std::array<std::pair<std::string_view, Op>, 19> operators{{{"$eq", Op::eq},
                                                                     {"$ne", Op::ne},
                                                                     {"$lt", Op::lt},
                                                                     {"$lte", Op::lte},
                                                                     {"$gt", Op::gt},
                                                                     {"$gte", Op::gte},
                                                                     {"$in", Op::in},
                                                                     {"$nin", Op::nin},
                                                                     {"$exists", Op::exists},
                                                                     {"$type", Op::type},
                                                                     {"$mod", Op::mod},
                                                                     {"$regex", Op::regex},
                                                                     {"$size", Op::size},
                                                                     {"$all", Op::all},
                                                                     {"$elemMatch", Op::elem},
                                                                     {"$allMatch", Op::all_match},
                                                                     {"$keyMapMatch", Op::key_map},
                                                                     {"$beginsWith", Op::begins},
                                                                     {"$default", Op::anything}}};

}  // namespace

Node read_selector(const json::value& normal) {
    Node node;
    const auto& members = normal.get_object();
    if (members.empty()) return node;  // Op::anything
    const std::string_view key{members.begin()->key()};
    const auto& argument = members.begin()->value();
    if (key == "$and" || key == "$or") {
        node.op = key == "$and" ? Op::and_ : Op::or_;
        for (const auto& part : argument.get_array()) node.children.push_back(read_selector(part));
    } else if (key == "$nor") {  // only where nobody moved it down: within an element's condition
        node.op = Op::not_;
        node.children.emplace_back().op = Op::or_;
        for (const auto& part : argument.get_array())
            node.children.front().children.push_back(read_selector(part));
    } else if (key == "$not") {
        node.op = Op::not_;
        node.children.push_back(read_selector(argument));
    } else if (key.starts_with('$')) {
        node.op = std::ranges::find(operators, key, &std::pair<std::string_view, Op>::first)->second;
        node.argument = argument;
        if (node.op == Op::elem || node.op == Op::all_match || node.op == Op::key_map)
            node.children.push_back(read_selector(argument));
        if (node.op == Op::regex) {
            const auto& text = argument.get_string();
            node.regex = std::make_shared<const boost::regex>(text.begin(), text.end());
        }
    } else {
        node.op = Op::field;
        node.path = split_field(key);
        node.raw = key == "_id";
        node.children.push_back(read_selector(argument));
    }
    return node;
}

}  // namespace davenport::couchmock
