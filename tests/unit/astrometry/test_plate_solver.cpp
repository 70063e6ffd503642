// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <bit>
#include <cstdint>
#include <fstream>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/astrometry/plate_solver.hpp"
#include "sectile/core/error.hpp"

#include "support/fake_solver.hpp"
#include "support/run_program.hpp"
#include "support/scratch_folder.hpp"

namespace sectile::astrometry
{
namespace
{
class Solvers : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        frame.header.path = folder / "light.fit";
        frame.header.geometry.width = 300;
        frame.header.geometry.height = 200;
        for (int i = 0; i < 10; ++i) {
            auto const step = static_cast<float>(i);
            frame.stars.push_back({7.0F * step, 11.0F * step, {100.0F - step, 0.0F, 0.0F}});
        }
        request.frame = &frame;
        request.min_scale = core::Angle::from_arcsec(2.0);
        request.max_scale = core::Angle::from_arcsec(3.0);
        request.folder = folder.path().string();
        request.name = "light-1";
        options.timeout = 20.0;
    }

    /// A fake astap that solves with the lines of a .wcs file as the real one writes them.
    void use_astap(std::string const& before, std::string const& solved, int exit_code)
    {
        std::ofstream(folder / "solution")
            << "SIMPLE  =                    T / file does conform to FITS standard\r\n"
               "NAXIS1  =                  300 / length of x axis\r\n"
               "NAXIS2  =                  200 / length of y axis\r\n"
               "CTYPE1  = 'RA---TAN'\r\nCTYPE2  = 'DEC--TAN'\r\n"
               "CRPIX1  =  1.505000000000E+002 / X of reference pixel\r\n"
               "CRPIX2  =  1.005000000000E+002 / Y of reference pixel\r\n"
               "CRVAL1  =  1.928000000000E+002\r\nCRVAL2  =  4.150000000000E+001\r\n"
               "CD1_1   = -6.900000000000E-004\r\nCD1_2   =  0.000000000000E+000\r\n"
               "CD2_1   =  0.000000000000E+000\r\nCD2_2   =  6.900000000000E-004\r\nEND\r\n";
        options.astap_executable = test::write_script(
            folder / "astap", "echo \"$@\" > " + (folder / "words") +
                                  "\nwhile [ $# -gt 0 ]; do [ \"$1\" = -o ] && base=$2; shift; "
                                  "done\n" +
                                  before + "\nprintf 'PLTSOLVD=" + solved +
                                  "\\r\\nERROR=No star database found.\\r\\n' > $base.ini\n"
                                  "[ " +
                                  solved + " = T ] && cp " + (folder / "solution") +
                                  " $base.wcs\nexit " + std::to_string(exit_code));
    }

    test::ScratchFolder folder{"solvers"};
    plan::FrameRecord frame;
    SolveRequest request;
    SolverOptions options;
};

TEST_F(Solvers, AstapGetsItsHintsAndItsSolutionIsRead)
{
    use_astap("", "T", 0);
    request.hint = sky::SkyCoord{core::Angle::from_degrees(193.5), core::Angle::from_degrees(-41)};

    SolveOutcome const outcome = AstapSolver(options).solve(request);

    ASSERT_TRUE(outcome.wcs) << outcome.reason;
    sky::SkyCoord const centre = sky::SkyWcs(*outcome.wcs).pixel_to_sky({149.5, 99.5});
    EXPECT_NEAR(centre.lon.degrees(), 192.8, 1e-9);
    EXPECT_NEAR(centre.lat.degrees(), 41.5, 1e-9);
    std::string const words = test::read_file(folder / "words");
    EXPECT_NE(words.find("-f " + (folder / "light.fit") + " -r 3 "), std::string::npos) << words;
    EXPECT_NE(words.find("-ra 12.9000000 -spd 49.000000"), std::string::npos) << words;
    EXPECT_NE(words.find("-fov 0.136083 "), std::string::npos) << words;  // sqrt(6) arcsec * 200
}

TEST_F(Solvers, AstapOnSuperpixelsIsToldInFramePixels)
{
    use_astap("", "T", 0);
    frame.header.geometry.stored_width = 300;
    frame.header.geometry.stored_height = 200;
    frame.header.geometry.width = 150;
    frame.header.geometry.height = 100;

    SolveOutcome const outcome = AstapSolver(options).solve(request);

    ASSERT_TRUE(outcome.wcs) << outcome.reason;
    // The stored pixel 149.5 lies at (149.5 - 0.5) / 2.
    sky::SkyWcs const wcs(*outcome.wcs);
    EXPECT_NEAR(wcs.pixel_to_sky({74.5, 49.5}).lat.degrees(), 41.5, 1e-9);
    EXPECT_NEAR(wcs.pixel_scale().arcsec(), 2 * 6.9e-4 * 3600.0, 1e-6);
}

TEST_F(Solvers, AstapSaysWhyNot)
{
    use_astap("", "F", 32);
    EXPECT_NE(AstapSolver(options).solve(request).reason.find("No star database found."),
              std::string::npos);

    use_astap("", "F", 0);
    EXPECT_NE(AstapSolver(options).solve(request).reason.find("found no solution"),
              std::string::npos);

    frame.header.path = folder / "light.fit.fz";
    EXPECT_NE(AstapSolver(options).solve(request).reason.find("uncompressed"), std::string::npos);
}

TEST_F(Solvers, AnOldSolutionIsNoResult)
{
    use_astap("", "T", 0);
    ASSERT_TRUE(AstapSolver(options).solve(request).wcs);
    use_astap("", "F", 1);

    EXPECT_FALSE(AstapSolver(options).solve(request).wcs);
}

TEST_F(Solvers, AHangIsStopped)
{
    use_astap("sleep 60", "T", 0);
    options.timeout = 0.2;

    SolveOutcome const outcome = AstapSolver(options).solve(request);

    EXPECT_NE(outcome.reason.find("within 0.2 s"), std::string::npos) << outcome.reason;
    EXPECT_FALSE(outcome.is_solver_missing);
}

/// Rows (X, Y, FLUX as big-endian doubles) of a star table, after its two headers.
std::vector<std::array<double, 3>> rows_of(std::string const& path, std::size_t count)
{
    std::string const bytes = test::read_file(path);
    std::vector<std::array<double, 3>> rows(count);
    std::size_t at = std::size_t{2} * 2880;
    for (double& value : std::span(rows.front().data(), 3 * count)) {
        std::uint64_t bits = 0;
        for (int i = 0; i < 8; ++i) {
            bits = bits << 8 | static_cast<std::uint8_t>(bytes.at(at++));
        }
        value = std::bit_cast<double>(bits);
    }
    return rows;
}

TEST_F(Solvers, SolveFieldGetsSaturatedStarsInTheirPlace)
{
    options.solve_field_executable = folder / "absent";  // the table is written before
    float const none = std::numeric_limits<float>::quiet_NaN();
    frame.stars[0].flux.fill({none, none, none});
    frame.stars[3].flux.fill({none, 5.0F, none});

    (void)SolveFieldSolver(options).solve(request);

    auto const rows = rows_of(folder / "light-1.xyls", frame.stars.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i][0], frame.stars[i].x + 1.0) << i;
        EXPECT_TRUE(i == 0 || rows[i][2] < rows[i - 1][2]) << i;
    }
}

TEST_F(Solvers, AMissingProgramIsToldApart)
{
    options.astap_executable = folder / "absent";
    options.solve_field_executable = folder / "absent";

    EXPECT_TRUE(AstapSolver(options).solve(request).is_solver_missing);
    EXPECT_TRUE(SolveFieldSolver(options).solve(request).is_solver_missing);
}

TEST_F(Solvers, SolveFieldTriesWithoutTheHintToo)
{
    options.solve_field_executable = test::write_script(
        folder / "solve-field", "echo \"$@\" >> " + (folder / "words") + "; echo did not solve");
    options.solve_field_index = folder / "index";
    request.hint = sky::SkyCoord{core::Angle::from_degrees(193.5), core::Angle::from_degrees(-41)};

    SolveOutcome const outcome = SolveFieldSolver(options).solve(request);

    EXPECT_NE(outcome.reason.find("did not solve"), std::string::npos) << outcome.reason;
    std::string const words = test::read_file(folder / "words");
    EXPECT_EQ(test::lines_in(folder / "words"), 2);
    EXPECT_NE(words.find("--ra 193.500000 --dec -41.000000 --radius 5 "), std::string::npos);
    EXPECT_EQ(words.find("--ra "), words.rfind("--ra "));
    EXPECT_NE(words.find("--scale-low 2 --scale-high 3 "), std::string::npos) << words;
    EXPECT_EQ(test::read_file(folder / "light-1.cfg"),
              "add_path " + (folder / "index") + "\nautoindex\n");
}

TEST_F(Solvers, AWrongResultIsRefused)
{
    options.solve_field_executable =
        test::write_script(folder / "solve-field", "echo nonsense > " + (folder / "light-1.wcs"));

    SolveOutcome const outcome = SolveFieldSolver(options).solve(request);

    EXPECT_FALSE(outcome.wcs);
    EXPECT_NE(outcome.reason.find("cannot be used"), std::string::npos) << outcome.reason;
}
}  // namespace
}  // namespace sectile::astrometry
