// SPDX-License-Identifier: BSD-3-Clause
#include "solve/star_triangles.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <tuple>
#include <utility>

#include <nanoflann.hpp>

namespace sectile::solve
{
namespace
{
constexpr std::size_t neighbours = 10;
constexpr double position_error = 1.0;     ///< px: of a side; three sigma of 0.25 px per star
constexpr double least_side = 5.0;         ///< px
constexpr double widest_tolerance = 0.05;  ///< of the ratios
constexpr double agreement = 8.0;          ///< px over the field, between proposals of one map
constexpr int classes = 64;                ///< of the middle ratio, for the search

double side(sky::PixelPos const& a, sky::PixelPos const& b)
{
    return std::hypot(a.x - b.x, a.y - b.y);
}

Triangle make_triangle(StarList const& stars, std::array<std::uint32_t, 3> const& corners)
{
    std::array<std::pair<double, std::uint32_t>, 3> opposite;
    for (std::size_t k = 0; k < 3; ++k) {
        opposite[k] = {side(stars.places[corners[(k + 1) % 3]], stars.places[corners[(k + 2) % 3]]),
                       corners[k]};
    }
    std::sort(opposite.begin(), opposite.end(), [](auto const& a, auto const& b) {
        return std::tuple(-a.first, a.second) < std::tuple(-b.first, b.second);
    });
    Triangle triangle;
    for (std::size_t k = 0; k < 3; ++k) {
        triangle.stars[k] = opposite[k].second;
    }
    triangle.longest = opposite[0].first;
    triangle.middle = opposite[1].first / triangle.longest;
    triangle.shortest = opposite[2].first / triangle.longest;
    sky::PixelPos const& a = stars.places[triangle.stars[0]];
    sky::PixelPos const& b = stars.places[triangle.stars[1]];
    sky::PixelPos const& c = stars.places[triangle.stars[2]];
    triangle.turned = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x) < 0.0;
    return triangle;
}

/// A map that two equal triangles propose, as a place in a space where maps of one truth are
/// within a distance of 1.
struct Proposal
{
    std::array<double, 5> place{};
    PlaneAffine map;
};

struct ProposalCloud
{
    std::vector<Proposal> const& proposals;

    [[nodiscard]] std::size_t kdtree_get_point_count() const { return proposals.size(); }
    [[nodiscard]] double kdtree_get_pt(std::size_t index, std::size_t axis) const
    {
        return proposals[index].place[axis];
    }
    template <class Bounds>
    bool kdtree_get_bbox(Bounds& /*bounds*/) const
    {
        return false;
    }
};

/// Triangles sorted by class of the middle ratio and, within it, by the shortest.
struct TriangleTable
{
    explicit TriangleTable(std::vector<Triangle> const& triangles) : all(triangles)
    {
        std::stable_sort(all.begin(), all.end(), [](Triangle const& a, Triangle const& b) {
            return std::tuple(class_of(a.middle), a.shortest, a.stars) <
                   std::tuple(class_of(b.middle), b.shortest, b.stars);
        });
        begin.assign(classes + 1, all.size());
        for (std::size_t i = all.size(); i-- > 0;) {
            begin[static_cast<std::size_t>(class_of(all[i].middle))] = i;
        }
        for (std::size_t k = classes; k-- > 0;) {
            begin[k] = std::min(begin[k], begin[k + 1]);
        }
    }
    static int class_of(double middle)  // the middle side is at least half of the longest
    {
        return std::clamp(static_cast<int>((middle - 0.5) * 2.0 * classes), 0, classes - 1);
    }
    std::vector<Triangle> all;
    std::vector<std::size_t> begin;
};

class Proposer
{
  public:
    Proposer(StarList const& reference, StarList const& moving, ProposalLimits const& limits,
             double extent)
        : reference_(reference), moving_(moving), limits_(limits), extent_(extent)
    {
        pivot_ = {0.5 * (moving.x_min + moving.x_max), 0.5 * (moving.y_min + moving.y_max)};
    }

    void compare(TriangleTable const& table, Triangle const& free)
    {
        double const own = position_error / free.longest;
        // The reference may be larger or smaller by the scale; its own noise counts as much.
        double const tolerance =
            std::min(own + position_error / (free.longest * limits_.min_scale), widest_tolerance);
        int const first = TriangleTable::class_of(free.middle - tolerance);
        int const last = TriangleTable::class_of(free.middle + tolerance);
        for (int k = first; k <= last; ++k) {
            auto const at = static_cast<std::size_t>(k);
            auto const end = table.all.begin() + static_cast<std::ptrdiff_t>(table.begin[at + 1]);
            auto it = std::lower_bound(
                table.all.begin() + static_cast<std::ptrdiff_t>(table.begin[at]), end,
                free.shortest - tolerance,
                [](Triangle const& t, double value) { return t.shortest < value; });
            for (; it != end && it->shortest <= free.shortest + tolerance; ++it) {
                if (std::fabs(it->middle - free.middle) <= tolerance) {
                    propose(*it, free);
                }
            }
        }
    }

    std::vector<Proposal> proposals;

  private:
    void propose(Triangle const& fixed, Triangle const& free)
    {
        bool const mirrored = fixed.turned != free.turned;
        double const ratio = fixed.longest / free.longest;
        if ((mirrored && !limits_.allow_mirror) || ratio < 0.99 * limits_.min_scale ||
            ratio > 1.01 * limits_.max_scale) {
            return;
        }
        StarPairs pairs;
        for (std::size_t k = 0; k < 3; ++k) {
            pairs.emplace_back(free.stars[k], fixed.stars[k]);
        }
        Proposal proposal;
        proposal.map = fit_similarity(pairs, moving_.places, reference_.places, mirrored);
        for (auto const& [m, r] : pairs) {
            sky::PixelPos const at = proposal.map.apply(moving_.places[m]);
            if (side(at, reference_.places[r]) > 1.5 * position_error) {
                return;
            }
        }
        double const scale = proposal.map.scale();
        if (!(scale >= limits_.min_scale && scale <= limits_.max_scale)) {
            return;
        }
        sky::PixelPos const centre = proposal.map.apply(pivot_);
        double const unit = extent_ / agreement;
        proposal.place = {std::log(scale) * unit, proposal.map.xx / scale * unit,
                          proposal.map.yx / scale * unit, centre.x / agreement,
                          centre.y / agreement};
        // Mirrored maps never agree with others.
        proposal.place[0] += mirrored ? 10.0 * unit : 0.0;
        proposals.push_back(proposal);
    }

    StarList const& reference_;
    StarList const& moving_;
    ProposalLimits limits_;
    double extent_;
    sky::PixelPos pivot_;
};

using ProposalTree =
    nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<double, ProposalCloud>,
                                        ProposalCloud, 5, std::uint32_t>;

/// The places with most others within a distance of 1, each of them standing for its neighbours.
std::vector<PlaneAffine> agreed(std::vector<Proposal> const& proposals, std::size_t most)
{
    std::vector<PlaneAffine> maps;
    if (proposals.empty()) {
        return maps;
    }
    ProposalCloud const cloud{proposals};
    ProposalTree tree(5, cloud, nanoflann::KDTreeSingleIndexAdaptorParams());
    tree.buildIndex();
    nanoflann::SearchParams unsorted;
    unsorted.sorted = false;
    std::vector<std::pair<std::uint32_t, double>> found;
    std::vector<std::pair<std::size_t, std::uint32_t>> votes;
    for (std::uint32_t i = 0; i < proposals.size(); ++i) {
        votes.emplace_back(tree.radiusSearch(proposals[i].place.data(), 1.0, found, unsorted), i);
    }
    std::sort(votes.begin(), votes.end(), [](auto const& a, auto const& b) {
        return std::tuple(b.first, a.second) < std::tuple(a.first, b.second);
    });
    std::vector<bool> taken(proposals.size(), false);
    for (auto const& [count, centre] : votes) {
        if (maps.size() == most || (count < 2 && !maps.empty())) {
            break;
        }
        if (taken[centre]) {
            continue;
        }
        tree.radiusSearch(proposals[centre].place.data(), 1.0, found, unsorted);
        std::sort(found.begin(), found.end());
        PlaneAffine mean{0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
        double const share = 1.0 / static_cast<double>(found.size());
        for (auto const& [i, squared] : found) {
            PlaneAffine const& map = proposals[i].map;
            taken[i] = true;
            mean.xx += share * map.xx;
            mean.xy += share * map.xy;
            mean.x0 += share * map.x0;
            mean.yx += share * map.yx;
            mean.yy += share * map.yy;
            mean.y0 += share * map.y0;
        }
        maps.push_back(mean);
    }
    return maps;
}
}  // namespace

std::vector<Triangle> neighbour_triangles(StarList const& stars, std::size_t count)
{
    std::size_t const used = std::min(count, stars.size());
    PlaceIndex index(std::span(stars.places).first(used));
    std::vector<std::array<std::uint32_t, 3>> corners;
    for (std::uint32_t i = 0; i < used; ++i) {
        std::vector<std::uint32_t> near;
        for (auto const& [neighbour, squared] : index.nearest(stars.places[i], neighbours + 1)) {
            if (neighbour != i) {
                near.push_back(neighbour);
            }
        }
        for (std::size_t a = 0; a < near.size(); ++a) {
            for (std::size_t b = a + 1; b < near.size(); ++b) {
                std::array three{i, near[a], near[b]};
                std::sort(three.begin(), three.end());
                corners.push_back(three);
            }
        }
    }
    std::sort(corners.begin(), corners.end());
    corners.erase(std::unique(corners.begin(), corners.end()), corners.end());
    std::vector<Triangle> triangles;
    for (auto const& three : corners) {
        Triangle const triangle = make_triangle(stars, three);
        double const thickness = triangle.middle + triangle.shortest - 1.0;
        if (triangle.shortest * triangle.longest >= least_side &&
            thickness * triangle.longest >= position_error) {
            triangles.push_back(triangle);
        }
    }
    return triangles;
}

std::vector<PlaneAffine> proposed_maps(StarList const& reference,
                                       std::vector<Triangle> const& fixed, StarList const& moving,
                                       std::vector<Triangle> const& free,
                                       ProposalLimits const& limits, double extent,
                                       std::size_t most)
{
    TriangleTable const table(fixed);
    Proposer proposer(reference, moving, limits, std::max(extent, 1.0));
    for (Triangle const& triangle : free) {
        proposer.compare(table, triangle);
    }
    return agreed(proposer.proposals, most);
}
}  // namespace sectile::solve
