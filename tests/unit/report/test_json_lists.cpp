// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sectile/core/error.hpp"
#include "sectile/report/json_lists.hpp"

namespace sectile::report
{
namespace
{
using Json = nlohmann::json;

std::string written(std::string_view document, std::vector<JsonList> const& lists)
{
    std::string text;
    write_with_lists(document, lists, [&](std::string_view piece) { text += piece; });
    return text;
}

JsonList numbers(std::string key, std::size_t size)
{
    return {std::move(key), size, [](std::size_t i) { return std::to_string(i); }};
}

TEST(JsonLists, StandBehindTheMembersOfTheDocument)
{
    std::string const text =
        written("{\n  \"a\": {\"b\": 1}\n}\n", {numbers("long", 3), numbers("none", 0)});

    EXPECT_EQ(Json::parse(text),
              (Json{{"a", {{"b", 1}}}, {"long", {0, 1, 2}}, {"none", Json::array()}}));
    EXPECT_TRUE(text.ends_with("}\n"));
}

TEST(JsonLists, NeedNoOtherMembers)
{
    EXPECT_EQ(Json::parse(written("{}", {numbers("long", 2)})), (Json{{"long", {0, 1}}}));
    EXPECT_EQ(Json::parse(written("{ }\n", {})), Json::object());
}

TEST(JsonLists, AreWrittenItemByItem)
{
    std::size_t largest = 0;
    std::size_t made = 0;
    JsonList const list{"long", 1000, [&](std::size_t i) {
                            made = i + 1;
                            return std::string("\"0123456789\"");
                        }};
    std::size_t behind = 0;

    write_with_lists("{}", {list}, [&](std::string_view piece) {
        largest = std::max(largest, piece.size());
        behind = std::max(behind, 1000 - made);
    });

    EXPECT_LE(largest, 20U);
    EXPECT_GE(behind, 999U) << "the first items are written before the others are made";
}

TEST(JsonLists, RefuseADocumentThatIsNoObject)
{
    for (char const* const document : {"", "  ", "[1]", "{", "3"}) {
        EXPECT_THROW(written(document, {}), core::InternalError) << document;
    }
}
}  // namespace
}  // namespace sectile::report
