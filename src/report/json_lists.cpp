// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/report/json_lists.hpp"

#include "sectile/core/error.hpp"

namespace sectile::report
{
namespace
{
constexpr std::string_view white = " \t\r\n";

/// The object without what ends it.
std::string_view opened(std::string_view document)
{
    std::size_t const end = document.find_last_not_of(white);
    core::require(document.starts_with('{') && end != std::string_view::npos && end > 0 &&
                      document[end] == '}',
                  "a report is a JSON object");
    document = document.substr(0, end);
    return document.substr(0, document.find_last_not_of(white) + 1);
}
}  // namespace

void write_with_lists(std::string_view document, std::vector<JsonList> const& lists,
                      std::function<void(std::string_view)> const& out)
{
    document = opened(document);
    out(document);
    bool is_first_member = document == "{";
    for (JsonList const& list : lists) {
        out((is_first_member ? "\n  \"" : ",\n  \"") + list.key + "\": [");
        is_first_member = false;
        for (std::size_t i = 0; i < list.size; ++i) {
            out(i == 0 ? "\n    " : ",\n    ");
            out(list.item(i));
        }
        out(list.size == 0 ? "]" : "\n  ]");
    }
    out("\n}\n");
}
}  // namespace sectile::report
