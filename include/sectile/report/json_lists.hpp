// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sectile::report
{
/// A list of a report that may be long: its items are made when they are written, one after the
/// other.
struct JsonList
{
    std::string key;
    std::size_t size = 0;
    std::function<std::string(std::size_t index)> item;  ///< JSON text of one line
};

/// Writes a JSON object, with the lists as further members behind its own, to `out` piece by piece;
/// no more than an item is held. `document` is the text of an object without these keys. Throws
/// core::InternalError when it is no object, and what `item` and `out` throw.
void write_with_lists(std::string_view document, std::vector<JsonList> const& lists,
                      std::function<void(std::string_view)> const& out);
}  // namespace sectile::report
