// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/atomic_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

#include "sectile/core/error.hpp"
#include "sectile/core/log.hpp"

#include "io/posix_file.hpp"

namespace sectile::io
{
namespace fs = std::filesystem;

namespace
{
constexpr std::string_view temporary_suffix = ".part";

fs::path folder_of(std::string const& path)
{
    fs::path const folder = fs::path(path).parent_path();
    return folder.empty() ? fs::path(".") : folder;
}

/// Makes a rename durable. File systems that cannot synchronise a folder (EINVAL) have nothing to
/// add.
void synchronise_folder(fs::path const& folder)
{
    int const descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        throw core::IoError(
            core::sentence("cannot open folder " + folder.string(), error_text(errno)));
    }
    int const outcome = ::fsync(descriptor);
    int const why = errno;
    ::close(descriptor);
    if (outcome != 0 && why != EINVAL && why != ENOTSUP) {
        throw core::IoError(
            core::sentence("cannot synchronise folder " + folder.string(), error_text(why)));
    }
}

void make_folder(fs::path const& folder, std::string const& what)
{
    std::error_code error;
    fs::create_directories(folder, error);
    if (error || !fs::is_directory(folder)) {
        bool const in_the_way = fs::exists(folder) && !fs::is_directory(folder);
        throw core::IoError(
            core::sentence("cannot make " + what + " " + folder.string(),
                           in_the_way ? "a file of this name is in its place" : error.message(),
                           "choose another output directory or change its permissions"));
    }
}

/// Permission bits do not tell (root, read-only mounts, quotas): only writing does.
void require_writable(fs::path const& folder)
{
    std::string name = (folder / ".sectile_probe_XXXXXX").string();
    int const descriptor = ::mkostemp(name.data(), O_CLOEXEC);
    if (descriptor < 0) {
        throw core::IoError(core::sentence("cannot write into output directory " + folder.string(),
                                           error_text(errno),
                                           "choose another one or change its permissions"));
    }
    ::close(descriptor);
    ::unlink(name.c_str());
}
}  // namespace

std::string temporary_name(std::string const& path)
{
    fs::path const whole(path);
    std::string name(1, '.');
    name.append(whole.filename().string()).append(temporary_suffix);
    return (whole.parent_path() / name).string();
}

void publish_file(std::string const& path)
{
    std::string const temporary = temporary_name(path);
    {
        int const descriptor = ::open(temporary.c_str(), O_RDONLY | O_CLOEXEC);
        int const outcome = descriptor < 0 ? -1 : ::fsync(descriptor);
        int const why = errno;
        if (descriptor >= 0) {
            ::close(descriptor);
        }
        if (outcome != 0) {
            throw core::IoError(core::sentence("cannot finish " + path, error_text(why)));
        }
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        throw core::IoError(
            core::sentence("cannot rename " + temporary + " to " + path, error_text(errno)));
    }
    synchronise_folder(folder_of(path));
}

void write_text_file(std::string const& path, std::string_view text)
{
    write_text_file(path, [&](TextSink const& out) { out(text); });
}

void write_text_file(std::string const& path, std::function<void(TextSink const&)> const& write)
{
    constexpr std::size_t enough = std::size_t{64} << 10;
    std::string const temporary = temporary_name(path);
    try {
        PosixFile file = PosixFile::create(temporary);
        std::int64_t written = 0;
        std::string held;
        auto const flush = [&] {
            file.write_at(held.data(), held.size(), written);
            written += std::ssize(held);
            held.clear();
        };
        write([&](std::string_view piece) {
            held += piece;
            if (held.size() >= enough) {
                flush();
            }
        });
        flush();
        file.close();
        publish_file(path);
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
}

OutputLock::OutputLock(std::string const& directory)
{
    fs::path const folder(directory);
    make_folder(folder, "output directory");
    require_writable(folder);
    make_folder(folder / ".sectile", "state directory");
    fs::path const lock = folder / ".sectile" / "lock";
    int const descriptor = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        throw core::IoError(
            core::sentence("cannot open lock file " + lock.string(), error_text(errno)));
    }
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
        descriptor_ = descriptor;
        return;
    }
    int const why = errno;
    if (why == EWOULDBLOCK) {
        ::close(descriptor);
        throw core::IoError(core::sentence("cannot use output directory " + directory,
                                           "another run is writing into it",
                                           "wait for it to end or choose another directory"));
    }
    // Some parallel file systems are mounted without locks: that must not stop a run.
    core::log_world(core::LogLevel::warning,
                    core::sentence("no lock on output directory " + directory, error_text(why),
                                   "make sure that no other run writes into it"));
    descriptor_ = descriptor;
}

OutputLock::~OutputLock()
{
    if (descriptor_ >= 0) {
        ::close(descriptor_);  // releases the lock; the file stays, removing it would race with a
                               // new run
    }
}
}  // namespace sectile::io
