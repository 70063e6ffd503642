// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <queue>
#include <tuple>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"
#include "sectile/report/telemetry.hpp"

namespace sectile::report
{
namespace
{
struct Line
{
    std::int64_t time = 0;  ///< milliseconds
    int rank = 0;
    std::string text;
};

/// "1700000000.250,3,..."; false for the header and for broken lines.
bool parse(Line& line)
{
    char const* const end = line.text.data() + line.text.size();
    std::int64_t seconds = 0;
    std::int64_t thousandths = 0;
    auto next = std::from_chars(line.text.data(), end, seconds);
    if (next.ec != std::errc{} || next.ptr == end || *next.ptr != '.') {
        return false;
    }
    next = std::from_chars(next.ptr + 1, end, thousandths);
    if (next.ec != std::errc{} || next.ptr == end || *next.ptr != ',') {
        return false;
    }
    next = std::from_chars(next.ptr + 1, end, line.rank);
    line.time = seconds * 1000 + thousandths;
    return next.ec == std::errc{} && next.ptr != end && *next.ptr == ',';
}

/// Reads a part in blocks, and has it open only while it reads one: there may be more ranks than
/// files that a process may open.
class Part
{
  public:
    Part(std::string path, std::size_t block_size) : path_(std::move(path)), block_size_(block_size)
    {}

    /// The next line with a time; false at the end. A last line without an end is a torn one.
    bool next(Line& line)
    {
        for (;;) {
            auto const end = block_.find('\n', position_);
            if (end == std::string::npos) {
                if (!read_block()) {
                    return false;
                }
                continue;
            }
            line.text.assign(block_, position_, end - position_);
            position_ = end + 1;
            if (parse(line)) {
                return true;
            }
        }
    }

  private:
    /// Keeps the unread rest and appends a block; false when there is no more.
    bool read_block()
    {
        std::ifstream file(path_, std::ios::binary);
        if (!file) {
            core::log_local(core::LogLevel::warning,
                            core::sentence("a part of the telemetry is left out",
                                           "'" + path_ + "' cannot be read"));
            return false;
        }
        block_.erase(0, position_);
        position_ = 0;
        std::size_t const kept = block_.size();
        block_.resize(kept + block_size_);
        file.seekg(offset_);
        file.read(block_.data() + kept, static_cast<std::streamsize>(block_size_));
        auto const count = file.gcount();
        block_.resize(kept + static_cast<std::size_t>(count));
        offset_ += count;
        return count > 0;
    }

    std::string path_;
    std::size_t block_size_;
    std::string block_;
    std::size_t position_ = 0;  ///< in the block
    std::streamoff offset_ = 0;
};

struct Candidate
{
    Line line;
    std::size_t part = 0;
    /// For the queue, whose top is the greatest: the earliest is. Equal ones keep the parts' order.
    bool operator<(Candidate const& other) const
    {
        return std::tie(line.time, line.rank, part) >
               std::tie(other.line.time, other.line.rank, other.part);
    }
};

/// Bytes of the blocks of all parts together, and of one block.
constexpr std::size_t all_blocks = std::size_t{32} << 20U;
constexpr std::size_t smallest_block = 4096;
constexpr std::size_t largest_block = std::size_t{256} << 10U;

void merge_into(std::ostream& file, std::vector<std::string> const& paths)
{
    std::size_t const block_size = std::clamp(all_blocks / std::max<std::size_t>(1, paths.size()),
                                              smallest_block, largest_block);
    std::vector<Part> parts;
    std::priority_queue<Candidate> queue;
    for (std::string const& path : paths) {
        parts.emplace_back(path, block_size);
        Candidate first{{}, parts.size() - 1};
        if (parts.back().next(first.line)) {
            queue.push(std::move(first));
        }
    }
    file << telemetry_header << '\n';
    while (!queue.empty() && file) {
        Candidate earliest = queue.top();
        queue.pop();
        file << earliest.line.text << '\n';
        if (parts[earliest.part].next(earliest.line)) {
            queue.push(std::move(earliest));
        }
    }
}
}  // namespace

void merge_telemetry(std::vector<std::string> const& parts, std::string const& out)
{
    std::string const unfinished = out + ".unfinished";
    std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
    merge_into(file, parts);
    file.close();
    std::error_code problem;
    bool const written = !file.fail();
    if (written) {
        std::filesystem::rename(unfinished, out, problem);
    }
    if (!written || problem) {
        std::error_code ignored;
        std::filesystem::remove(unfinished, ignored);
        throw core::IoError(core::sentence("the telemetry cannot be written to '" + out + "'",
                                           problem ? problem.message() : "",
                                           "check the space and the rights of its folder"));
    }
}
}  // namespace sectile::report
