// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "sectile/core/angle.hpp"
#include "sectile/core/box.hpp"
#include "sectile/core/ids.hpp"

/// One archive for everything that travels between ranks.
///
/// Numbers, enums, bool, std::string, vector, array, optional, pair and map travel, and so do
/// core::Box, Angle and Id. Any other type says once, by a free function beside it that needs
/// nothing of this header, what it consists of:
///
///     struct Vote { std::string camera; int hdu = 0; std::vector<HotCandidate> candidates; };
///     inline auto fields(Vote& vote) { return std::tie(vote.camera, vote.hdu, vote.candidates); }
///
/// All members in the order of their declaration: a member that is forgotten does not compile,
/// unless it is so small that it fits the padding. A struct of numbers alone may instead declare
/// (without a body) `void travels_as_bytes(HotCandidate const&);`: then arrays of it are copied at
/// once. An enum that declares `constexpr int enumerator_count(State) { return 2; }` is checked to
/// lie in 0 ... count - 1 when it is read.
///
/// The bytes are those of this machine and program: they are not a file format. Every bit of a
/// number is kept, NaNs included. Lengths have 64 bits and are checked against the bytes that are
/// left before anything is allocated. Bytes that cannot be what was written throw
/// core::InternalError. No shared state: any thread.
namespace sectile::comm
{
template <class T>
struct Codec;

namespace detail
{
template <class T>
inline constexpr bool is_plain_of_core =
    std::is_same_v<T, core::Box> || std::is_same_v<T, core::Angle>;
template <class Tag>
inline constexpr bool is_plain_of_core<core::Id<Tag>> = true;

template <class T>
concept CountedEnum = std::is_enum_v<T> && requires(T value)
{
    enumerator_count(value);
};

template <class T>
concept DeclaredPlain = requires(T const& value)
{
    travels_as_bytes(value);
};

template <class T>
concept HasFields = requires(T& value)
{
    fields(value);
};

template <class T>
struct FieldsOf
{};
template <HasFields T>
struct FieldsOf<T>
{
    using Type = decltype(fields(std::declval<T&>()));
};

/// Copied as they lie in memory.
template <class T>
concept Plain = std::is_trivially_copyable_v<T> && !std::is_same_v<T, bool> &&
                (std::is_arithmetic_v<T> || (std::is_enum_v<T> && !CountedEnum<T>) ||
                 is_plain_of_core<T> || DeclaredPlain<T>);

/// Size of a struct of such members.
template <class Whole, class... Members>
constexpr std::size_t size_of_members(std::tuple<Members&...> const* /*type*/)
{
    std::size_t end = 0;
    auto const add = [&end](std::size_t size, std::size_t alignment) {
        end = (end + alignment - 1) / alignment * alignment + size;
    };
    (add(sizeof(Members), alignof(Members)), ...);
    add(0, alignof(Whole));
    return end;
}

template <class... Members>
constexpr std::size_t least_of_members(std::tuple<Members&...> const* /*type*/)
{
    return (std::size_t{0} + ... + Codec<Members>::least());
}

[[noreturn]] void fail_too_short(std::uint64_t wanted, char const* what, std::size_t left);
[[noreturn]] void fail_left_over(std::size_t left);
[[noreturn]] void fail_value(char const* what);

/// Counts what a writer would write.
class ByteCounter
{
  public:
    void raw(void const* /*data*/, std::size_t size) { size_ += size; }
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    std::size_t size_ = 0;
};
}  // namespace detail

/// Values as bytes, one after another.
class WireWriter
{
  public:
    template <class T>
    void write(T const& value)
    {
        Codec<T>::write(*this, value);
    }
    /// Without their number, for a reader that knows it.
    template <detail::Plain T>
    void write_items(std::span<T const> items)
    {
        raw(items.data(), items.size_bytes());
    }
    /// For so many bytes in all, so that they are not copied while they grow.
    void reserve(std::size_t size) { bytes_.reserve(size); }
    [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

    /// For Codec.
    void raw(void const* data, std::size_t size)
    {
        auto const* const first = static_cast<std::byte const*>(data);
        bytes_.insert(bytes_.end(), first, first + size);
    }

  private:
    std::vector<std::byte> bytes_;
};

/// Reads them back in the same order. Refers to the bytes. Throws core::InternalError for bytes
/// that cannot be right; a value that is being read then holds anything.
class WireReader
{
  public:
    explicit WireReader(std::span<std::byte const> bytes) : rest_(bytes) {}

    template <class T>
    void read(T& value)
    {
        Codec<T>::read(*this, value);
    }
    template <class T>
    [[nodiscard]] T take()
    {
        T value{};
        read(value);
        return value;
    }
    /// As many as the span has.
    template <detail::Plain T>
    void read_items(std::span<T> items)
    {
        raw(items.data(), items.size_bytes());
    }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    /// Throws unless everything has been read.
    void finish() const
    {
        if (!at_end()) {
            detail::fail_left_over(rest_.size());
        }
    }

    /// For Codec.
    void raw(void* data, std::size_t size)
    {
        if (size > rest_.size()) {
            detail::fail_too_short(size, "bytes are read", rest_.size());
        }
        if (size > 0) {
            std::memcpy(data, rest_.data(), size);
            rest_ = rest_.subspan(size);
        }
    }
    /// For Codec: a number of items of at least so many bytes each.
    [[nodiscard]] std::size_t length(std::size_t least_of_item)
    {
        auto const count = take<std::uint64_t>();
        if (count > rest_.size() / least_of_item) {
            detail::fail_too_short(count, "items are announced", rest_.size());
        }
        return static_cast<std::size_t>(count);
    }

  private:
    std::span<std::byte const> rest_;
};

/// How one type is written and read. least(): bytes that any value takes at least.
template <class T>
struct Codec
{
    static_assert(detail::Plain<T> || detail::HasFields<T> || detail::CountedEnum<T> ||
                      std::is_same_v<T, bool>,
                  "a type that travels has fields(T&) or travels_as_bytes(T const&)");
    static_assert(!std::is_pointer_v<T>, "addresses mean nothing on another rank");

    static constexpr std::size_t least()
    {
        if constexpr (detail::Plain<T> || std::is_same_v<T, bool> || std::is_enum_v<T>) {
            return sizeof(T);
        } else {
            return detail::least_of_members(
                static_cast<typename detail::FieldsOf<T>::Type const*>(nullptr));
        }
    }
    template <class Sink>
    static void write(Sink& sink, T const& value)
    {
        if constexpr (detail::Plain<T> || detail::CountedEnum<T>) {
            sink.raw(&value, sizeof value);
        } else if constexpr (std::is_same_v<T, bool>) {
            auto const byte = static_cast<std::uint8_t>(value);
            sink.raw(&byte, sizeof byte);
        } else {
            // One description serves reading and writing; nothing is written through it here.
            std::apply([&](auto const&... each) { (write_field(sink, each), ...); },
                       fields_of(const_cast<T&>(value)));
        }
    }
    static void read(WireReader& in, T& value)
    {
        if constexpr (detail::Plain<T>) {
            in.raw(&value, sizeof value);
        } else if constexpr (std::is_same_v<T, bool>) {
            std::uint8_t byte = 0;
            in.raw(&byte, sizeof byte);
            check(byte <= 1, "a truth value is neither true nor false");
            value = byte == 1;
        } else if constexpr (std::is_enum_v<T>) {
            std::underlying_type_t<T> number{};
            in.raw(&number, sizeof number);
            check(std::cmp_greater_equal(number, 0) && std::cmp_less(number, enumerator_count(T{})),
                  "an enumerator is none of its type");
            value = static_cast<T>(number);
        } else {
            std::apply([&](auto&... each) { (in.read(each), ...); }, fields_of(value));
        }
    }

  private:
    static auto fields_of(T& value) requires detail::HasFields<T>
    {
        auto const members = fields(value);
        static_assert(
            detail::size_of_members<T>(static_cast<decltype(members)*>(nullptr)) == sizeof(T),
            "fields() names all members in the order of their declaration");
        return members;
    }
    template <class Sink, class Member>
    static void write_field(Sink& sink, Member const& member)
    {
        Codec<Member>::write(sink, member);
    }
    static void check(bool is_good, char const* problem)
    {
        if (!is_good) {
            detail::fail_value(problem);
        }
    }
};

namespace detail
{
/// Items whose number is known.
template <class Sink, class T>
void write_known(Sink& sink, std::span<T const> items)
{
    if constexpr (Plain<T>) {
        sink.raw(items.data(), items.size_bytes());
    } else {
        for (T const& item : items) {
            Codec<T>::write(sink, item);
        }
    }
}

template <class T>
void read_known(WireReader& in, std::span<T> items)
{
    if constexpr (Plain<T>) {
        in.raw(items.data(), items.size_bytes());
    } else {
        for (T& item : items) {
            in.read(item);
        }
    }
}

template <class Sink>
void write_length(Sink& sink, std::uint64_t count)
{
    sink.raw(&count, sizeof count);
}
}  // namespace detail

template <>
struct Codec<std::string>
{
    static constexpr std::size_t least() { return sizeof(std::uint64_t); }
    template <class Sink>
    static void write(Sink& sink, std::string const& value)
    {
        detail::write_length(sink, value.size());
        sink.raw(value.data(), value.size());
    }
    static void read(WireReader& in, std::string& value)
    {
        value.resize(in.length(1));
        in.raw(value.data(), value.size());
    }
};

template <class T, class Allocator>
struct Codec<std::vector<T, Allocator>>
{
    static_assert(!std::is_same_v<T, bool>, "use a vector of std::uint8_t");

    static constexpr std::size_t least() { return sizeof(std::uint64_t); }
    template <class Sink>
    static void write(Sink& sink, std::vector<T, Allocator> const& values)
    {
        detail::write_length(sink, values.size());
        detail::write_known(sink, std::span<T const>(values));
    }
    static void read(WireReader& in, std::vector<T, Allocator>& values)
    {
        static_assert(Codec<T>::least() > 0, "an item of a list takes bytes");
        values.clear();
        values.resize(in.length(Codec<T>::least()));
        detail::read_known(in, std::span<T>(values));
    }
};

template <class T, std::size_t count>
struct Codec<std::array<T, count>>
{
    static constexpr std::size_t least() { return count * Codec<T>::least(); }
    template <class Sink>
    static void write(Sink& sink, std::array<T, count> const& values)
    {
        detail::write_known(sink, std::span<T const>(values));
    }
    static void read(WireReader& in, std::array<T, count>& values)
    {
        detail::read_known(in, std::span<T>(values));
    }
};

template <class T>
struct Codec<std::optional<T>>
{
    static constexpr std::size_t least() { return Codec<bool>::least(); }
    template <class Sink>
    static void write(Sink& sink, std::optional<T> const& value)
    {
        Codec<bool>::write(sink, value.has_value());
        if (value) {
            Codec<T>::write(sink, *value);
        }
    }
    static void read(WireReader& in, std::optional<T>& value)
    {
        value.reset();
        if (in.take<bool>()) {
            in.read(value.emplace());
        }
    }
};

template <class First, class Second>
struct Codec<std::pair<First, Second>>
{
    static constexpr std::size_t least() { return Codec<First>::least() + Codec<Second>::least(); }
    template <class Sink>
    static void write(Sink& sink, std::pair<First, Second> const& value)
    {
        Codec<First>::write(sink, value.first);
        Codec<Second>::write(sink, value.second);
    }
    static void read(WireReader& in, std::pair<First, Second>& value)
    {
        in.read(value.first);
        in.read(value.second);
    }
};

template <class Key, class T, class Compare, class Allocator>
struct Codec<std::map<Key, T, Compare, Allocator>>
{
    using Map = std::map<Key, T, Compare, Allocator>;

    static constexpr std::size_t least() { return sizeof(std::uint64_t); }
    template <class Sink>
    static void write(Sink& sink, Map const& values)
    {
        detail::write_length(sink, values.size());
        for (auto const& [key, value] : values) {
            Codec<Key>::write(sink, key);
            Codec<T>::write(sink, value);
        }
    }
    static void read(WireReader& in, Map& values)
    {
        static_assert(Codec<Key>::least() > 0, "a key takes bytes");
        values.clear();
        std::size_t const count = in.length(Codec<Key>::least() + Codec<T>::least());
        for (std::size_t i = 0; i < count; ++i) {
            Key key{};
            in.read(key);
            if (!values.empty() && !values.key_comp()(values.rbegin()->first, key)) {
                detail::fail_value("the keys of a map do not ascend");
            }
            in.read(values.emplace_hint(values.end(), std::move(key), T{})->second);
        }
    }
};

/// The bytes of a value, allocated once.
template <class T>
[[nodiscard]] std::vector<std::byte> to_bytes(T const& value)
{
    detail::ByteCounter counter;
    Codec<T>::write(counter, value);
    WireWriter writer;
    writer.reserve(counter.size());
    writer.write(value);
    return writer.take();
}

/// The value back. Throws core::InternalError unless the bytes are exactly those of a value.
template <class T>
[[nodiscard]] T from_bytes(std::span<std::byte const> bytes)
{
    WireReader reader(bytes);
    T value = reader.take<T>();
    reader.finish();
    return value;
}
}  // namespace sectile::comm
