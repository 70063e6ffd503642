// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/core/fault_injection.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "sectile/core/error.hpp"

namespace sectile::core
{
namespace
{
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

struct Fault
{
    std::atomic<std::int64_t> first = never;  ///< calls are counted from 1
    std::atomic<std::int64_t> last = 0;
    std::atomic<std::int64_t> calls = 0;
};

constexpr std::array<std::string_view, 3> names{"allocation", "device", "write"};

std::array<Fault, names.size()>& faults()
{
    static std::array<Fault, names.size()> all;
    return all;
}

[[noreturn]] void refuse(std::string_view item)
{
    throw ConfigError(sentence("the fault '" + std::string(item) + "' cannot be injected",
                               "it is not of the form KIND=N, KIND=NxCOUNT or KIND=NxCOUNT@RANK",
                               "use allocation, device or write as KIND, e.g. allocation=3x2@1"));
}

/// Takes a number from the front of `text`.
std::optional<std::int64_t> take_number(std::string_view& text)
{
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value < 0) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

/// Takes "MARKnumber" from the front of `text` if it begins with MARK.
std::optional<std::int64_t> take_marked(std::string_view& text, char mark, std::string_view item)
{
    if (text.empty() || text.front() != mark) {
        return std::nullopt;
    }
    text.remove_prefix(1);
    auto const value = take_number(text);
    if (!value) {
        refuse(item);
    }
    return value;
}

void set_fault(std::string_view item, int rank)
{
    for (std::size_t kind = 0; kind < names.size(); ++kind) {
        std::string_view rest = item;
        if (!rest.starts_with(names[kind])) {
            continue;
        }
        rest.remove_prefix(names[kind].size());
        auto const first = take_marked(rest, '=', item);
        std::int64_t const count = take_marked(rest, 'x', item).value_or(1);
        auto const only = take_marked(rest, '@', item);
        if (!rest.empty() || !first || *first < 1 || count < 1) {
            refuse(item);
        }
        if (!only || *only == rank) {
            Fault& fault = faults()[kind];
            fault.last = *first + count - 1;
            fault.first = *first;
        }
        return;
    }
    refuse(item);
}
}  // namespace

void set_faults(std::string const& text, int rank)
{
    for (Fault& fault : faults()) {
        fault.first = never;
        fault.last = 0;
        fault.calls = 0;
    }
    std::string_view rest = text;
    while (!rest.empty()) {
        std::size_t const comma = rest.find(',');
        set_fault(rest.substr(0, comma), rank);
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
}

bool must_fail(FaultPoint point) noexcept
{
    Fault& fault = faults()[static_cast<std::size_t>(point)];
    std::int64_t const first = fault.first.load(std::memory_order_relaxed);
    if (first == never) {
        return false;
    }
    std::int64_t const call = fault.calls.fetch_add(1, std::memory_order_relaxed) + 1;
    return call >= first && call <= fault.last.load(std::memory_order_relaxed);
}
}  // namespace sectile::core
