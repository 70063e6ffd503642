// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

namespace sectile::core
{
/// A value that does not change, held once by all its copies: copying costs a pointer. Where there
/// is none it is a T{}, which takes no memory. To change it, assign another one. Thread-safe as a
/// std::shared_ptr is.
template <class T>
class Shared
{
  public:
    Shared() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): a T is what it holds
    Shared(T value) : value_(std::make_shared<T const>(std::move(value))) {}

    [[nodiscard]] T const& operator*() const { return value_ ? *value_ : nothing(); }
    [[nodiscard]] T const* operator->() const { return &**this; }
    /// Whether it takes memory.
    [[nodiscard]] bool is_held() const { return value_ != nullptr; }

  private:
    static T const& nothing()
    {
        static T const value{};
        return value;
    }

    std::shared_ptr<T const> value_;
};

/// A list that its copies share; it is copied when one of them is changed. An empty one takes no
/// memory.
template <class T>
class SharedList
{
  public:
    SharedList() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): a list is what it holds
    SharedList(std::vector<T> items)
    {
        if (!items.empty()) {
            items_ = std::move(items);
        }
    }
    SharedList(std::initializer_list<T> items) : SharedList(std::vector<T>(items)) {}

    [[nodiscard]] std::vector<T> const& items() const { return *items_; }
    [[nodiscard]] auto begin() const { return items().begin(); }
    [[nodiscard]] auto end() const { return items().end(); }
    [[nodiscard]] bool empty() const { return items().empty(); }
    [[nodiscard]] std::size_t size() const { return items().size(); }
    [[nodiscard]] T const& operator[](std::size_t i) const { return items()[i]; }

    void push_back(T item)
    {
        std::vector<T> longer = items();
        longer.push_back(std::move(item));
        items_ = std::move(longer);
    }
    void clear() { items_ = {}; }

    friend auto fields(SharedList& list) { return std::tie(list.items_); }

  private:
    Shared<std::vector<T>> items_;
};
}  // namespace sectile::core
