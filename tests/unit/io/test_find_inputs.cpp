// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sectile/core/error.hpp"
#include "sectile/io/frame_reader.hpp"

#include "fits_bytes.hpp"

namespace sectile::io
{
namespace
{
namespace fs = std::filesystem;
using Names = std::vector<std::string>;

std::string list_option(std::string const& path)
{
    std::string option(1, '@');
    return option.append(path);
}

/// Empty files: only names count here.
void make_files(test::ScratchFolder const& folder, Names const& names)
{
    for (std::string const& name : names) {
        fs::create_directories(fs::path(folder / name).parent_path());
        test::write_bytes(folder / name, "");
    }
}

Names in_folder(test::ScratchFolder const& folder, Names names)
{
    for (std::string& name : names) {
        name = folder / name;
    }
    return names;
}

TEST(FindFitsFiles, SearchesFoldersByNameSortedAndOnce)
{
    test::ScratchFolder const folder("find_inputs");
    make_files(folder, {"b.fit", "a.FITS", "night/c.fts.gz", "night/d.Fits.FZ", "night/e.wcs",
                        "night/f.txt", "night/g.gz", ".hidden/h.fits", ".i.fits.part", ".j.fits"});
    fs::create_directory_symlink(folder.path(), folder / "night/circle");

    Names const found = find_fits_files({folder.path(), folder / "night", folder / "b.fit"});

    EXPECT_EQ(found, in_folder(folder, {"a.FITS", "b.fit", "night/c.fts.gz", "night/d.Fits.FZ"}));
}

TEST(FindFitsFiles, TakesNamedFilesAsTheyAre)
{
    test::ScratchFolder const folder("find_inputs");
    make_files(folder, {"image.dat"});

    EXPECT_EQ(find_fits_files({folder / "image.dat"}), in_folder(folder, {"image.dat"}));
}

TEST(FindFitsFiles, ReadsListsRelativeToTheirFolder)
{
    test::ScratchFolder const folder("find_inputs");
    make_files(folder, {"lists/x.fits", "data/y.fits", "data/z.fits"});
    test::write_bytes(folder / "lists/frames.txt", "# a comment\n\nx.fits\r\n  ../data/y.fits  \n" +
                                                       (folder / "data/z.fits") + "\n");

    Names const found = find_fits_files({list_option(folder / "lists/frames.txt")});

    EXPECT_EQ(found, in_folder(folder, {"data/y.fits", "data/z.fits", "lists/x.fits"}));
}

TEST(FindFitsFiles, MissingInputIsAnError)
{
    test::ScratchFolder const folder("find_inputs");
    test::write_bytes(folder / "list.txt", "missing.fits\n");

    EXPECT_THROW((void)find_fits_files({folder / "nowhere"}), core::InputError);
    EXPECT_THROW((void)find_fits_files({list_option(folder / "no_list.txt")}), core::InputError);
    EXPECT_THROW((void)find_fits_files({list_option(folder / "list.txt")}), core::InputError);
}
}  // namespace
}  // namespace sectile::io
