// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/plan/group.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <queue>
#include <tuple>
#include <utility>

#include "sectile/core/error.hpp"

#include "plan/linkage.hpp"

namespace sectile::plan
{
namespace
{
/// Most parts that one round of k-means makes; longer chains are cut again.
constexpr double most_parts = 64.0;

/// The accepted frames and their centres, in ascending frame id.
struct FrameCloud
{
    std::vector<FrameRecord const*> frames;
    std::vector<UnitVector> centers;
};

double median_of(std::vector<double> values)
{
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

void check_options(GroupingOptions const& options)
{
    auto const not_positive = [](std::optional<core::Angle> const& angle) {
        return angle && !(angle->radians() > 0.0);
    };
    if (not_positive(options.panel_threshold)) {
        throw core::ConfigError(core::sentence("cluster_panel_threshold cannot be used",
                                               "it must be above 0 degrees",
                                               "leave it out to derive it from the field of view"));
    }
    if (!(options.max_span > 0.0)) {
        throw core::ConfigError(core::sentence("cluster_max_span cannot be used",
                                               "it must be above 0 field diagonals", "try 0.5"));
    }
    if (not_positive(options.orientation_split)) {
        throw core::ConfigError(core::sentence("cluster_orientation_split_deg cannot be used",
                                               "it must be above 0 degrees",
                                               "leave it out to ignore orientation"));
    }
    if (options.target_groups < 0) {
        throw core::ConfigError(core::sentence("cluster_target_groups cannot be used",
                                               "it is negative", "use 0 for automatic"));
    }
}

FrameCloud accepted_frames(std::vector<FrameRecord> const& records)
{
    FrameCloud cloud;
    for (FrameRecord const& record : records) {
        if (record.verdict.accepted()) {
            cloud.frames.push_back(&record);
        }
    }
    std::sort(cloud.frames.begin(), cloud.frames.end(),
              [](FrameRecord const* a, FrameRecord const* b) { return a->id < b->id; });
    for (FrameRecord const* frame : cloud.frames) {
        cloud.centers.push_back(to_vector(frame->footprint.center));
    }
    return cloud;
}

/// Frames that may share a group at all, by plane count, filter and instrument.
std::vector<Members> partitions(FrameCloud const& cloud, bool mix)
{
    std::map<std::tuple<int, std::string, std::string>, Members> by_key;
    for (std::size_t i = 0; i < cloud.frames.size(); ++i) {
        sky::FrameHeader const& header = cloud.frames[i]->header;
        by_key[{header.geometry.planes, mix ? std::string() : header.facts.filter,
                mix ? std::string() : header.facts.instrument}]
            .push_back(i);
    }
    std::vector<Members> parts;
    for (auto& [key, members] : by_key) {
        parts.push_back(std::move(members));
    }
    return parts;
}

double default_threshold(FrameCloud const& cloud, Members const& members)
{
    std::vector<double> sides;
    for (std::size_t const member : members) {
        FrameRecord const& frame = *cloud.frames[member];
        auto const side = static_cast<double>(
            std::min(frame.header.geometry.width, frame.header.geometry.height));
        sides.push_back(side * frame.footprint.pixel_scale.radians());
    }
    return 0.25 * median_of(std::move(sides));
}

/// Largest distance between two centres that a group of these frames may have, radians.
double span_limit(FrameCloud const& cloud, Members const& members, double max_span)
{
    std::vector<double> diagonals;
    for (std::size_t const member : members) {
        diagonals.push_back(2.0 * cloud.frames[member]->footprint.radius.radians());
    }
    // The rounding slack keeps regular patterns that fit exactly in one piece.
    return max_span * median_of(std::move(diagonals)) * (1.0 + 1e-9);
}

double span_of(FrameCloud const& cloud, Members const& members)
{
    std::vector<UnitVector> points;
    for (std::size_t const member : members) {
        points.push_back(cloud.centers[member]);
    }
    return farthest_pair(points).separation;
}

std::vector<Members> link_frames(FrameCloud const& cloud, Members const& members, double threshold)
{
    std::vector<UnitVector> points;
    for (std::size_t const member : members) {
        points.push_back(cloud.centers[member]);
    }
    std::vector<Members> clusters = link_points(points, threshold);
    for (Members& cluster : clusters) {
        for (std::size_t& index : cluster) {
            index = members[index];
        }
    }
    return clusters;
}

/// Cuts the circle of position angles at its widest gap and then into runs no longer than `limit`,
/// so that no two frames of a part differ by more.
std::vector<Members> split_by_orientation(FrameCloud const& cloud, Members const& members,
                                          double limit)
{
    auto const angle_of = [&](std::size_t member) {
        return wrapped(cloud.frames[member]->footprint.position_angle.radians());
    };
    Members order = members;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return angle_of(a) < angle_of(b); });
    std::size_t start = 0;
    double widest = -1.0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        std::size_t const before = (i + order.size() - 1) % order.size();
        double const gap =
            angle_of(order[i]) - angle_of(order[before]) + (i == 0 ? 2.0 * std::numbers::pi : 0.0);
        if (gap > widest) {
            widest = gap;
            start = i;
        }
    }
    std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(start), order.end());
    std::vector<Members> parts;
    double first = 0.0;
    for (std::size_t const member : order) {
        double turn = angle_of(member) - first;
        turn += turn < 0.0 ? 2.0 * std::numbers::pi : 0.0;
        if (parts.empty() || turn > limit) {
            parts.emplace_back();
            first = angle_of(member);
        }
        parts.back().push_back(member);
    }
    for (Members& part : parts) {
        std::sort(part.begin(), part.end());
    }
    return parts;
}

/// Appends the frames to `groups`, cut until no group spans more than it may.
void cut_chain(FrameCloud const& cloud, Members const& members, double max_span,
               std::vector<Members>& groups)
{
    double const limit = span_limit(cloud, members, max_span);
    double const span = span_of(cloud, members);
    if (span <= limit) {
        groups.push_back(members);
        return;
    }
    double const parts = std::clamp(std::ceil(span / limit), 2.0, most_parts);
    for (Members const& part :
         split_by_k_means(cloud.centers, members, static_cast<std::size_t>(parts))) {
        cut_chain(cloud, part, max_span, groups);
    }
}

std::vector<Members> automatic_groups(FrameCloud const& cloud, Members const& partition,
                                      GroupingOptions const& options)
{
    double const threshold = options.panel_threshold ? options.panel_threshold->radians()
                                                     : default_threshold(cloud, partition);
    std::vector<Members> groups;
    for (Members const& cluster : link_frames(cloud, partition, threshold)) {
        std::vector<Members> const parts =
            options.orientation_split
                ? split_by_orientation(cloud, cluster, options.orientation_split->radians())
                : std::vector<Members>{cluster};
        for (Members const& part : parts) {
            cut_chain(cloud, part, options.max_span, groups);
        }
    }
    return groups;
}

/// Groups with the partition they came from: only groups of one partition may be merged.
struct SortedGroup
{
    Members members;
    std::size_t partition = 0;
};

UnitVector mean_of(FrameCloud const& cloud, Members const& members)
{
    UnitVector sum;
    for (std::size_t const member : members) {
        sum = sum + cloud.centers[member];
    }
    double const length = norm(sum);
    return length > 0.0 ? (1.0 / length) * sum : cloud.centers[members.front()];
}

/// Splits the group with most frames until there are `target` groups or nothing is left to split.
void split_to(std::vector<SortedGroup>& groups, FrameCloud const& cloud, std::size_t target)
{
    std::vector<SortedGroup> whole;
    while (groups.size() + whole.size() < target && !groups.empty()) {
        auto const largest = std::min_element(
            groups.begin(), groups.end(), [](SortedGroup const& a, SortedGroup const& b) {
                return std::pair(b.members.size(), a.members.front()) <
                       std::pair(a.members.size(), b.members.front());
            });
        SortedGroup const group = *largest;
        groups.erase(largest);
        std::vector<Members> const parts = split_by_k_means(cloud.centers, group.members, 2);
        if (parts.size() < 2) {
            whole.push_back(group);
            continue;
        }
        for (Members const& part : parts) {
            groups.push_back({part, group.partition});
        }
    }
    groups.insert(groups.end(), whole.begin(), whole.end());
}

/// Merges nearest neighbours until there are `target` groups; a merger that would span too much
/// or mix orientations is not made.
class GroupMerger
{
  public:
    GroupMerger(FrameCloud const& cloud, GroupingOptions const& options,
                std::vector<SortedGroup> groups)
        : cloud_(cloud), options_(options), groups_(std::move(groups)), alive_(groups_.size(), true)
    {
        for (SortedGroup const& group : groups_) {
            means_.push_back(mean_of(cloud_, group.members));
        }
        for (std::size_t i = 0; i < groups_.size(); ++i) {
            push_pairs_of(i, i);
        }
    }

    std::vector<SortedGroup> merged_to(std::size_t target) &&
    {
        std::size_t count = groups_.size();
        while (count > target && !pairs_.empty()) {
            auto const [distance, a, b] = pairs_.top();
            pairs_.pop();
            if (alive_[a] && alive_[b] && merge(a, b)) {
                --count;
            }
        }
        std::vector<SortedGroup> rest;
        for (std::size_t i = 0; i < groups_.size(); ++i) {
            if (alive_[i]) {
                rest.push_back(std::move(groups_[i]));
            }
        }
        return rest;
    }

  private:
    using Pair = std::tuple<double, std::size_t, std::size_t>;

    /// Queues the pairs of group `index` with the groups below `end`, leaving out hopeless ones.
    void push_pairs_of(std::size_t index, std::size_t end)
    {
        double const reach = span_limit(cloud_, groups_[index].members, options_.max_span);
        for (std::size_t other = 0; other < end; ++other) {
            double const distance = chord_squared(means_[index], means_[other]);
            // Means lie inside their groups, so a union spans at least the distance of the means;
            // doubled because the limit of the other group may be the larger one.
            if (alive_[other] && groups_[other].partition == groups_[index].partition &&
                distance <= chord_squared(2.0 * reach)) {
                pairs_.emplace(distance, other, index);
            }
        }
    }

    bool merge(std::size_t a, std::size_t b)
    {
        Members united = groups_[a].members;
        united.insert(united.end(), groups_[b].members.begin(), groups_[b].members.end());
        std::sort(united.begin(), united.end());
        bool const same_orientation =
            !options_.orientation_split ||
            split_by_orientation(cloud_, united, options_.orientation_split->radians()).size() == 1;
        if (!same_orientation ||
            span_of(cloud_, united) > span_limit(cloud_, united, options_.max_span)) {
            return false;
        }
        alive_[a] = false;
        alive_[b] = false;
        means_.push_back(mean_of(cloud_, united));
        groups_.push_back({std::move(united), groups_[a].partition});
        alive_.push_back(true);
        push_pairs_of(groups_.size() - 1, groups_.size() - 1);
        return true;
    }

    FrameCloud const& cloud_;
    GroupingOptions const& options_;
    std::vector<SortedGroup> groups_;
    std::vector<UnitVector> means_;
    std::vector<bool> alive_;
    std::priority_queue<Pair, std::vector<Pair>, std::greater<>> pairs_;
};

Group make_group(FrameCloud const& cloud, Members const& members)
{
    Group group;
    std::vector<UnitVector> outline;
    for (std::size_t const member : members) {
        FrameRecord const& frame = *cloud.frames[member];
        group.frames.push_back(frame.id);
        outline.push_back(cloud.centers[member]);
        std::vector<UnitVector> const edge = to_vectors(frame.footprint.edge);
        outline.insert(outline.end(), edge.begin(), edge.end());
    }
    Cap const cap = enclosing_cap(outline);
    group.center = to_sky(cap.center);
    group.radius = core::Angle::from_radians(cap.radius);
    return group;
}
}  // namespace

std::vector<Group> group_frames(std::vector<FrameRecord> const& frames,
                                GroupingOptions const& options)
{
    check_options(options);
    FrameCloud const cloud = accepted_frames(frames);
    std::vector<Members> const parts = partitions(cloud, options.mix);
    std::vector<SortedGroup> groups;
    for (std::size_t p = 0; p < parts.size(); ++p) {
        for (Members& members : automatic_groups(cloud, parts[p], options)) {
            groups.push_back({std::move(members), p});
        }
    }
    auto const target = static_cast<std::size_t>(options.target_groups);
    if (target > 0 && groups.size() > target) {
        groups = GroupMerger(cloud, options, std::move(groups)).merged_to(target);
    } else if (target > 0) {
        split_to(groups, cloud, target);
    }
    std::sort(groups.begin(), groups.end(), [](SortedGroup const& a, SortedGroup const& b) {
        return a.members.front() < b.members.front();
    });
    std::vector<Group> result;
    for (SortedGroup const& group : groups) {
        result.push_back(make_group(cloud, group.members));
        result.back().id.value = static_cast<std::uint32_t>(result.size() - 1);
    }
    return result;
}
}  // namespace sectile::plan
