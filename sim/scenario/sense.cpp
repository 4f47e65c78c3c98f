#include "sim/scenario/reader.hpp"
namespace sim {
void check_sense(const Scenario&, std::vector<Problem>&) {}
}
