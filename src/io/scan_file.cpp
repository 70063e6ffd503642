// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <optional>
#include <utility>

#include "sectile/core/error.hpp"
#include "sectile/core/event_count.hpp"
#include "sectile/io/frame_reader.hpp"

#include "io/fits_file.hpp"
#include "io/frame_facts.hpp"
#include "io/frame_shape.hpp"
#include "io/header_cards.hpp"
#include "io/lookup_tables.hpp"
#include "io/wcs_cards.hpp"

namespace sectile::io
{
namespace
{
/// Scans one file, HDU by HDU.
class FileScanner
{
  public:
    FileScanner(std::string const& path, bool debayer) : file_(path), debayer_(debayer) {}

    void scan(FileScan& result)
    {
        for (int hdu = 0; move_to(hdu, result); ++hdu) {
            HduShape const shape = file_.shape();
            HeaderCards const header(file_.header_text());
            if (hdu == 0) {
                primary_ = header;
            }
            if (shape.is_image && has_data(shape) && !is_companion(hdu, header)) {
                inspect(hdu, shape, header, result);
            }
        }
        use_sidecar(result);
    }

  private:
    /// What follows a damaged header cannot be found any more; the HDUs before it stay good.
    bool move_to(int hdu, FileScan& result)
    {
        try {
            return file_.move_to(hdu);
        } catch (FitsError const& error) {
            result.unreadable.push_back({file_.path(), hdu, error.reason()});
            return false;
        }
    }

    static bool has_data(HduShape const& shape)
    {
        // A single axis is no image and no error: spectra, tables of distortions.
        return shape.axes.size() >= 2 &&
               std::all_of(shape.axes.begin(), shape.axes.end(),
                           [](std::int64_t length) { return length > 0; });
    }

    static bool is_companion(int hdu, HeaderCards const& header)
    {
        return hdu > 0 && is_companion_name(header.text({"EXTNAME"}).value_or(""));
    }

    void inspect(int hdu, HduShape const& shape, HeaderCards const& header, FileScan& result)
    {
        FrameShape frame_shape = interpret_axes(shape);
        if (frame_shape.reason.empty() && debayer_) {
            read_bayer(header, frame_shape);
        }
        if (frame_shape.reason.empty()) {
            frame_shape.reason = reason_incomplete(shape);
        }
        if (!frame_shape.reason.empty()) {
            result.unreadable.push_back({file_.path(), hdu, frame_shape.reason});
            return;
        }
        sky::FrameHeader frame;
        frame.path = file_.path();
        frame.hdu = hdu;
        frame.geometry = frame_shape.geometry;
        frame.geometry.value_scale = header.number({"BSCALE"}).value_or(1.0);
        frame.geometry.value_zero = header.number({"BZERO"}).value_or(0.0);
        frame.facts = read_facts(header, primary_);
        frame.wcs.width = frame.geometry.width;
        frame.wcs.height = frame.geometry.height;
        if (has_celestial_wcs(header)) {
            read_wcs(shape, header, frame, result);
        }
        result.frames.push_back(std::move(frame));
    }

    [[nodiscard]] std::string reason_incomplete(HduShape const& shape) const
    {
        try {
            file_.require_complete(shape);
        } catch (FitsError const& error) {
            return error.reason();
        }
        return {};
    }

    void read_wcs(HduShape const& shape, HeaderCards const& header, sky::FrameHeader& frame,
                  FileScan& result)
    {
        bool const planes_last = frame.geometry.planes_last;
        frame.wcs_origin = "header";
        frame.wcs.cards = select_wcs_cards(
            header,
            planes_last ? std::vector{frame.geometry.width, frame.geometry.height} : shape.axes);
        for (std::string const& problem : read_lookup_tables(file_, header, frame.wcs)) {
            result.unreadable.push_back(
                {frame.path, frame.hdu,
                 core::sentence("the WCS is used without a distortion", problem)});
        }
    }

    static void use_sidecar(FileScan& result)
    {
        if (result.frames.empty()) {
            return;
        }
        sky::FrameHeader& frame = result.frames.front();
        Sidecar sidecar = read_sidecar(frame.path, frame.geometry);
        if (!sidecar.reason.empty()) {
            result.unreadable.push_back(
                {sidecar.path, 0, core::sentence("the .wcs file is not used", sidecar.reason)});
        } else if (!sidecar.cards.empty()) {
            frame.wcs = {};
            frame.wcs.cards = std::move(sidecar.cards);
            frame.wcs.width = frame.geometry.width;
            frame.wcs.height = frame.geometry.height;
            frame.wcs_origin = "sidecar";
        }
    }

    FitsFile file_;
    bool debayer_;
    HeaderCards primary_{""};
};
}  // namespace

FileScan scan_file(std::string const& path, bool debayer)
{
    core::count_event(core::Event::header_scan);
    FileScan result;
    try {
        FileScanner(path, debayer).scan(result);
    } catch (FitsError const& error) {
        result.unreadable.push_back({path, 0, error.reason()});
    } catch (std::exception const& error) {
        result.unreadable.push_back({path, 0, error.what()});
    }
    if (result.frames.empty() && result.unreadable.empty()) {
        result.unreadable.push_back(
            {path, 0, "the file holds no science image with two or more axes"});
    }
    return result;
}
}  // namespace sectile::io
