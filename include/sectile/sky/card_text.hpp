// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <tuple>

#include "sectile/core/shared_value.hpp"

namespace sectile::sky
{
/// Text of header cards, 80 characters each without separators, as many frames hold it: immutable,
/// shared by its copies, and without most of its blanks, which are more than half of it. Gives back
/// any text as it was. Reading it unpacks it: take the text once, not in a loop.
class CardText
{
  public:
    CardText() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): it holds a text
    CardText(std::string const& text);
    // NOLINTNEXTLINE(google-explicit-constructor)
    CardText(char const* text) : CardText(std::string(text)) {}

    [[nodiscard]] std::string text() const;
    // NOLINTNEXTLINE(google-explicit-constructor): it is a text
    operator std::string() const { return text(); }
    CardText& operator+=(std::string const& more) { return *this = CardText(text() + more); }
    [[nodiscard]] bool empty() const { return packed_->empty(); }
    /// Bytes that it takes beside itself, without those of its allocation.
    [[nodiscard]] std::size_t packed_size() const { return packed_->size(); }

    /// Equal texts are packed alike.
    friend bool operator==(CardText const& a, CardText const& b)
    {
        return *a.packed_ == *b.packed_;
    }
    friend auto fields(CardText& cards) { return std::tie(cards.packed_); }

  private:
    core::Shared<std::string> packed_;
};
}  // namespace sectile::sky
