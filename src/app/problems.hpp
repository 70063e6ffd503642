// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "sectile/core/error.hpp"

namespace sectile::app
{
/// Everything wrong with what the user said, so that it can be said at once.
class Problems
{
  public:
    void add(std::string text) { texts_.push_back(std::move(text)); }
    [[nodiscard]] bool empty() const { return texts_.empty(); }

    /// Throws core::ConfigError with one line per problem, if there is any.
    void throw_if_any() const
    {
        if (texts_.empty()) {
            return;
        }
        if (texts_.size() == 1) {
            throw core::ConfigError(texts_.front());
        }
        std::string all =
            "there are " + std::to_string(texts_.size()) + " problems with the options:";
        for (std::string const& text : texts_) {
            all += "\n  " + text;
        }
        throw core::ConfigError(all);
    }

  private:
    std::vector<std::string> texts_;
};
}  // namespace sectile::app
