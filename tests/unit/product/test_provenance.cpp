// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sectile/product/provenance.hpp"

namespace sectile::product
{
namespace
{
using Json = nlohmann::json;

/// A frame with a name and facts in Latin-1, as old systems wrote them.
plan::FrameRecord strange_frame()
{
    plan::FrameRecord frame;
    frame.id.value = 7;
    frame.header.path = "/night/caf\xe9.fits";
    frame.header.geometry.width = 10;
    frame.header.geometry.height = 8;
    frame.header.facts.filter = "r\xe9";
    frame.planes.resize(1);
    frame.registration.matches = 4;
    return frame;
}

TEST(FrameJson, IsOneLineAndKeepsWhatIsNoUtf8)
{
    std::string const text = frame_json(strange_frame());

    Json const json = Json::parse(text);
    EXPECT_EQ(json["id"], 7);
    EXPECT_EQ(json["shape"], (Json{1, 8, 10}));
    EXPECT_TRUE(json["path"].get<std::string>().starts_with("/night/caf"));
    EXPECT_TRUE(json["scale"][0].is_null()) << "not measured";
    EXPECT_EQ(text.find('\n'), std::string::npos);
}

TEST(ProvenanceJson, KeepsNamesThatAreNoUtf8)
{
    plan::MosaicPlan mosaic;
    mosaic.frames.push_back(strange_frame());

    Json const json = Json::parse(provenance_json(mosaic, ""));

    ASSERT_EQ(json["frames"].size(), 1U);
    EXPECT_TRUE(json["frames"][0].get<std::string>().starts_with("caf"));
}
}  // namespace
}  // namespace sectile::product
