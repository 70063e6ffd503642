// SPDX-License-Identifier: BSD-3-Clause
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/ingest/partner_search.hpp"

#include "support/scratch_folder.hpp"

namespace sectile::ingest
{
namespace
{
using Names = std::vector<std::string>;

std::string first_of(std::string const& path, std::string const& rule)
{
    Names const names = partner_paths(path, rule);
    return names.empty() ? "" : names.front();
}

TEST(PartnerNames, ASuffixStandsBehindTheStem)
{
    EXPECT_EQ(first_of("/d.fits/a.fits", ".weight"), "/d.fits/a.weight.fits");
    EXPECT_EQ(first_of("a.b.FIT", "_w"), "a.b_w.FIT");
    EXPECT_EQ(first_of("a.fits.fz", ".weight"), "a.weight.fits.fz");
    EXPECT_EQ(first_of("a.fits.gz", ".weight.fits"), "a.weight.fits");
    EXPECT_EQ(first_of("a.fts", ".weight.fits.gz"), "a.weight.fits.gz");
    EXPECT_EQ(first_of("noending", ".weight"), "noending.weight");
}

TEST(PartnerNames, AReplacementChangesTheLastOccurrenceInTheFileName)
{
    EXPECT_EQ(first_of("/ooi/c4d_1_ooi_z.N3.fits", "_ooi_=_oow_"), "/ooi/c4d_1_oow_z.N3.fits");
    EXPECT_EQ(first_of("ooi_ooi.fits", "ooi=oow"), "ooi_oow.fits");
    EXPECT_EQ(first_of("a_sci.fits", "_sci="), "a.fits");
    EXPECT_TRUE(partner_paths("/ooi/a.fits", "ooi=oow").empty()) << "folders stay";
}

TEST(PartnerNames, OtherCompressionsAreCandidates)
{
    EXPECT_EQ(partner_paths("a.fits.fz", ".w"), (Names{"a.w.fits.fz", "a.w.fits", "a.w.fits.gz"}));
    EXPECT_EQ(partner_paths("a.fits", "a=b"), (Names{"b.fits", "b.fits.fz", "b.fits.gz"}));
}

TEST(PartnerNames, TakesTheFirstThatExists)
{
    test::ScratchFolder const folder("partner_names");
    std::string const frame = folder / "a.fits";

    EXPECT_EQ(existing_partner(frame, ".weight"), "");
    std::ofstream(folder / "a.weight.fits.gz") << "x";
    EXPECT_EQ(existing_partner(frame, ".weight"), folder / "a.weight.fits.gz");
    std::ofstream(folder / "a.weight.fits") << "x";
    EXPECT_EQ(existing_partner(frame, ".weight"), folder / "a.weight.fits");
}

TEST(PartnerNames, ExtensionsAreNoFiles)
{
    EXPECT_EQ(extension_of_rule("[WEIGHT]"), "WEIGHT");
    EXPECT_EQ(extension_of_rule("WEIGHT"), "");
    EXPECT_EQ(extension_of_rule("[]"), "");
    EXPECT_TRUE(partner_paths("a.fits", "[WEIGHT]").empty());
    EXPECT_TRUE(partner_paths("a.fits", "").empty());
}

TEST(PartnerNames, JudgesRules)
{
    for (char const* const good : {"", ".weight", "_ooi=_oow", "_sci=", "[DQ]", "_w.fits"}) {
        EXPECT_EQ(reason_bad_partner_rule(good), "") << good;
    }
    for (char const* const bad : {"=", "=x", "a=a", "[]", "[DQ", "[A][B]", "w/", "x[1]"}) {
        EXPECT_NE(reason_bad_partner_rule(bad), "") << bad;
    }
}

TEST(PartnerNames, LeavesPartnersOfListedFramesOut)
{
    Names partners;
    Names const files{"a_ood_.fits", "a_ooi_.fits", "a_oow_.fits", "b.fits", "c_oow_.fits"};

    Names const frames = without_partners(files, {"_ooi_=_oow_", "_ooi_=_ood_"}, partners);

    EXPECT_EQ(frames, (Names{"a_ooi_.fits", "b.fits", "c_oow_.fits"}))
        << "a weight map without its frame is a frame";
    EXPECT_EQ(partners, (Names{"a_ood_.fits", "a_oow_.fits"}));
    EXPECT_EQ(without_partners(files, {}, partners), files);
}
}  // namespace
}  // namespace sectile::ingest
