#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""mosaic.fits and mosaic.h5 as other programs see them: astropy, fitsverify and h5py open them and find the same thing.

A colour and a grey mosaic of a simulated survey; WCS of every image equal to the planned grid, shapes, the NaN pattern, checksums,
and equality of both files.
"""
import json
import os
import warnings

from oracle_tools import WCS, Checks, arguments, fits, need_program, np, run, simulate, skip

try:
    import h5py
except ImportError as missing:
    skip(missing)

fitsverify = need_program("fitsverify")


def check_fits(checks, path, planes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # astropy warns of a wrong checksum and of anything odd in a header
        with fits.open(path, checksum=True) as hdus:
            names = [hdu.name for hdu in hdus]
            for hdu in hdus:
                hdu.header.tostring()
                _ = hdu.data.shape
                checks.true(f"{hdu.name}: CHECKSUM and DATASUM are there and right",
                            "CHECKSUM" in hdu.header and "DATASUM" in hdu.header)
    checks.true(f"HDUs are {names}", names == ["PRIMARY", "WEIGHT", "COVERAGE", "ALPHA"])
    report = run(fitsverify, path, may_fail=True)
    remarks = [line.strip() for line in report.splitlines() if line.startswith("*** ")]
    clean = "Verification found 0 warning(s) and 0 error(s)" in report
    checks.true("fitsverify: " + "; ".join(remarks if remarks else [report]), clean)
    with fits.open(path) as hdus:
        science, weight, coverage, alpha = (hdu.data for hdu in hdus)
        shape = science.shape
        checks.true(f"shape {shape}", shape[-2:] == alpha.shape and len(shape) == (3 if planes > 1 else 2)
                    and (planes == 1 or shape[0] == planes))
        checks.true("all planes have one shape", weight.shape == shape and coverage.shape == shape)
        checks.true("science and weight are float32", science.dtype.itemsize == 4 and science.dtype.kind == "f"
                    and weight.dtype.itemsize == 4 and weight.dtype.kind == "f")
        covered = coverage > 0
        checks.true("science is NaN exactly where nothing covers", np.array_equal(np.isnan(science), ~covered))
        checks.true("weight is positive exactly where something covers", np.array_equal(weight > 0, covered))
        checks.true("alpha is 0 where no plane is covered",
                    not alpha[~covered.reshape(-1, *shape[-2:]).any(axis=0)].any())
        checks.true("alpha is above 0 where something covers",
                    alpha[covered.reshape(-1, *shape[-2:]).all(axis=0)].all())
        primary = hdus[0].header
        for keyword in ("EXPTIME", "DATE-OBS", "MJD-BEG", "MJD-END", "OBJECT", "INSTRUME", "FILTER", "BUNIT",
                        "NCOMBINE"):
            checks.true(f"{keyword} = {primary.get(keyword)!r}", keyword in primary)
        return [hdu.header.copy() for hdu in hdus], (science, weight, coverage, alpha)


def check_wcs(checks, headers, folder):
    with open(os.path.join(folder, "grid.json")) as text:
        grid = json.load(text)
    planned = WCS(fits.Header.fromstring("".join(card.ljust(80) for card in grid["cards"])))
    corners = np.array([[0, 0], [headers[0]["NAXIS1"] - 1, 0], [0, headers[0]["NAXIS2"] - 1], [17.25, 40.5]])
    for header in headers:
        wcs = WCS(header).celestial
        name = header.get("EXTNAME", "PRIMARY")
        checks.true(f"{name}: axes {wcs.wcs.ctype[0]} {wcs.wcs.ctype[1]} of {wcs.wcs.radesys}",
                    wcs.wcs.radesys == "ICRS")
        difference = wcs.all_pix2world(corners, 0) - planned.celestial.all_pix2world(corners, 0)
        checks.less(f"{name}: WCS against grid.json, arcsec", np.abs(difference).max() * 3600, 1e-9)
    checks.true("grid.json tells the size", (grid["width"], grid["height"])
                == (headers[0]["NAXIS1"], headers[0]["NAXIS2"]))


def check_hdf5(checks, path, planes):
    science, weight, coverage, alpha = planes
    with h5py.File(path) as file:
        checks.true(f"mosaic.h5 holds {sorted(file)}", sorted(file) == ["alpha", "coverage", "science", "weight"])
        for name, from_fits in (("science", science), ("weight", weight), ("coverage", coverage), ("alpha", alpha)):
            pixels = file[name][()]
            wanted = from_fits.reshape(pixels.shape) if pixels.size == from_fits.size else from_fits
            same = pixels.shape == wanted.shape and np.array_equal(pixels, wanted,
                                                                   equal_nan=name in ("science", "weight"))
            checks.true(f"/{name} {pixels.shape} {pixels.dtype} equals mosaic.fits", same)
        checks.true("/science has planes, rows, columns", file["science"].ndim == 3)
        checks.true("attributes wcs, unit, provenance",
                    {"wcs", "unit", "provenance"} <= set(file.attrs) | set(file["science"].attrs))


def main():
    sectile, _, scratch = arguments()
    checks = Checks()
    for colour, planes in (("bayer", 3), ("mono", 1)):
        print(f"--- {colour}")
        frames = os.path.join(scratch, f"frames_{colour}")
        output = os.path.join(scratch, f"mosaic_{colour}")
        simulate(sectile, frames, "--frames", 6, "--frames-per-pointing", 3, "--width", 240, "--height", 160,
                 "--colour", colour, "--rotation", 20)
        run(sectile, "run", "--input", frames, "--output", output)
        headers, pixels = check_fits(checks, os.path.join(output, "mosaic.fits"), planes)
        check_wcs(checks, headers, output)
        check_hdf5(checks, os.path.join(output, "mosaic.h5"), pixels)
    checks.end()


if __name__ == "__main__":
    main()
