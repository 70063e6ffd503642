#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Coordinates of every projection, distortion and frame of the test files, against astropy.

wcs_dump prints sectile's coordinates on a lattice over each image; here they are computed again with
astropy.wcs.WCS.all_pix2world and brought to equatorial coordinates of J2000 by astropy.coordinates. As in
sectile, FK5 J2000 stands for the ICRS where the file is not in the ICRS itself (0.023 arcsec apart). Files that are a header without pixels
get pixels first: sectile reads images.
Usage: wcs_zoo.py WCS_DUMP DATA SCRATCH
"""
import glob
import os

from oracle_tools import WCS, Checks, arguments, fits, need_data, np, run, separation, skip

try:
    from astropy.coordinates import FK5, SkyCoord
    from astropy.wcs import InvalidTransformError
    from astropy.wcs.utils import wcs_to_celestial_frame
except ImportError as missing:
    skip(missing)

# Limit of the difference on the sky, pixels: the same formulas in double; distortions are inverted to 1e-9.
LIMIT = 1e-7


def with_pixels(path, folder):
    """`path`, or a copy of it whose image HDUs have pixels when they have none (or a single one)."""
    with fits.open(path) as hdus:
        bare = [k for k, hdu in enumerate(hdus)
                if "CTYPE1" in hdu.header and (hdu.data is None or hdu.data.size <= 1)]
        if not bare:
            return path
        for k in bare:
            header = hdus[k].header
            shape = (header.get("IMAGEH", 1024), header.get("IMAGEW", 1024))
            for keyword in ("PIXVALUE", "NPIX1", "NPIX2"):
                header.remove(keyword, ignore_missing=True)
            hdus[k].data = np.zeros(shape, np.uint8)
        copy = os.path.join(folder, os.path.basename(path).replace(".gz", ""))
        hdus.writeto(copy, output_verify="silentfix", overwrite=True)
        return copy


def dumped(text):
    """[(path, hdu, columns of the lattice)] and [(path, hdu, reason)] of the output of wcs_dump."""
    frames, unusable = [], []
    for line in text.splitlines():
        words = line.split()
        if words[0] == "frame":
            frames.append((words[1], int(words[2]), float(words[5]), []))
        elif words[0] == "unusable":
            unusable.append((words[1], int(words[2]), " ".join(words[3:])))
        else:
            frames[-1][3].append([float(word) for word in words])
    return frames, unusable


def expected(path, hdu, x, y):
    with fits.open(path) as hdus:
        wcs = WCS(hdus[hdu].header, hdus)
        celestial = wcs.celestial if wcs.naxis > 2 else wcs
        first, second = celestial.all_pix2world(x, y, 0)
        frame = wcs_to_celestial_frame(celestial)
    lon, lat = (first, second) if celestial.wcs.lng == 0 else (second, first)
    theirs = SkyCoord(lon, lat, unit="deg", frame=frame)
    if frame.name != "icrs":
        theirs = theirs.transform_to(FK5(equinox="J2000"))
    return theirs.ra.deg, theirs.dec.deg


def compare(checks, path, hdu, scale, rows):
    x, y, lon, lat, back_x, back_y = np.array(rows).T
    name = f"{os.path.basename(path)}[{hdu}]"
    try:
        their_lon, their_lat = expected(path, hdu, x, y)
    except InvalidTransformError as reason:
        print(f"not compared: {name}: astropy says: {str(reason).splitlines()[-1]}")
        return False
    ours_ok = np.isfinite(lon) & np.isfinite(lat)
    theirs_ok = np.isfinite(their_lon) & np.isfinite(their_lat)
    checks.greater(f"{name}: points of the lattice on the sky", (ours_ok & theirs_ok).sum(), 2)
    checks.true(f"{name}: the same points are on the sky", np.array_equal(ours_ok, theirs_ok))
    both = ours_ok & theirs_ok
    apart = 3600 * separation(lon[both], lat[both], their_lon[both], their_lat[both]) / scale
    checks.less(f"{name}: largest difference, pixels", apart.max(initial=0), LIMIT)
    checks.less(f"{name}: largest error of the way back, pixels",
                np.hypot(back_x - x, back_y - y)[both].max(initial=0), 1e-3)
    return True


def main():
    dump, data, scratch = arguments()
    need_data(data, "wcs_zoo")
    files = [path for pattern in ("wcs_zoo/*.fits*", "galactic_center/*.fits*", "decam_tpv/*_ooi_*.fits")
             for path in sorted(glob.glob(os.path.join(data, pattern)))]
    files = [with_pixels(path, scratch) for path in files]
    frames, unusable = dumped(run(dump, *files))

    checks = Checks()
    compared = sum(compare(checks, *frame) for frame in frames)
    checks.greater("images compared", compared, 35)
    for path, hdu, reason in unusable:
        print(f"not compared: {os.path.basename(path)}[{hdu}]: {reason}")
    checks.end()


if __name__ == "__main__":
    main()
