// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/io/external_program.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "sectile/core/error.hpp"

#include "io/posix_file.hpp"

extern char** environ;

namespace sectile::io
{
namespace
{
using Clock = std::chrono::steady_clock;

/// Owner of what posix_spawn wants to know.
class SpawnSettings
{
  public:
    explicit SpawnSettings(std::string const& log_path)
    {
        require_done(posix_spawn_file_actions_init(&actions_));
        require_done(posix_spawnattr_init(&attributes_));
        require_done(
            posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
        require_done(posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, log_path.c_str(),
                                                      O_WRONLY | O_CREAT | O_APPEND, 0666));
        require_done(posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO));
        short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        // Descriptors without the close-on-exec flag belong to libraries (MPI's sockets).
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
        require_done(posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1));
#elif defined(POSIX_SPAWN_CLOEXEC_DEFAULT)
        flags = static_cast<short>(flags | POSIX_SPAWN_CLOEXEC_DEFAULT);
#endif
        sigset_t none;
        sigemptyset(&none);
        require_done(posix_spawnattr_setsigmask(&attributes_, &none));
        sigset_t usual;
        sigemptyset(&usual);
        for (int const signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD, SIGUSR1,
                                 SIGUSR2, SIGXCPU, SIGALRM}) {
            sigaddset(&usual, signal);
        }
        require_done(posix_spawnattr_setsigdefault(&attributes_, &usual));
        require_done(posix_spawnattr_setpgroup(&attributes_, 0));
        require_done(posix_spawnattr_setflags(&attributes_, flags));
    }
    ~SpawnSettings()
    {
        posix_spawnattr_destroy(&attributes_);
        posix_spawn_file_actions_destroy(&actions_);
    }
    SpawnSettings(SpawnSettings const&) = delete;
    SpawnSettings& operator=(SpawnSettings const&) = delete;

    [[nodiscard]] posix_spawn_file_actions_t const* actions() const
    {
        return &actions_;
    }
    [[nodiscard]] posix_spawnattr_t const* attributes() const
    {
        return &attributes_;
    }

  private:
    static void require_done(int error)
    {
        if (error != 0) {
            throw core::IoError(
                core::sentence("an external program cannot be prepared", error_text(error)));
        }
    }

    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

/// Variables by which the launchers of MPI programs reach their processes.
bool is_for_mpi(std::string_view variable)
{
    constexpr std::array<std::string_view, 7> prefixes = {"OMPI_", "PMIX_", "PMI_",  "PRTE_",
                                                          "MPIR_", "HYDI_", "HYDRA_"};
    return std::ranges::any_of(
        prefixes, [&](std::string_view prefix) { return variable.starts_with(prefix); });
}

std::vector<char*> environment_without_mpi()
{
    std::vector<char*> kept;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        if (!is_for_mpi(*variable)) {
            kept.push_back(*variable);
        }
    }
    kept.push_back(nullptr);
    return kept;
}

ProgramEnd end_of(int status)
{
    ProgramEnd end;
    if (WIFEXITED(status)) {
        end.kind = ProgramEnd::Kind::exited;
        end.exit_code = WEXITSTATUS(status);
        if (end.exit_code != 0) {
            end.reason = "it ended with exit code " + std::to_string(end.exit_code);
        }
    } else {
        end.kind = ProgramEnd::Kind::killed;
        end.signal = WTERMSIG(status);
        end.reason = "it was ended by signal " + std::to_string(end.signal);
        if (char const* const name = ::strsignal(end.signal)) {
            end.reason += std::string(", ") + name;
        }
    }
    return end;
}

/// Waits for the process until `until`, without reaping it, so that its group keeps its number;
/// false when it still runs then.
bool wait_until(pid_t process, Clock::time_point until)
{
    auto pause = std::chrono::milliseconds(1);
    constexpr auto longest_pause = std::chrono::milliseconds(50);
    while (true) {
        siginfo_t info = {};
        int const result =
            ::waitid(P_PID, static_cast<id_t>(process), &info, WEXITED | WNOHANG | WNOWAIT);
        if (result == 0 && info.si_pid == process) {
            return true;
        }
        if (result < 0 && errno != EINTR) {
            throw core::IoError(core::sentence("an external program was lost", error_text(errno)));
        }
        if (Clock::now() >= until) {
            return false;
        }
        std::this_thread::sleep_for(pause);
        pause = std::min(2 * pause, longest_pause);
    }
}
}  // namespace

ProgramEnd run_external_program(std::vector<std::string> const& command,
                                std::string const& log_path, double timeout)
{
    core::require(!command.empty(), "an external command names a program");
    PosixFile::create(log_path).close();
    SpawnSettings const settings(log_path);
    std::vector<std::string> words = command;
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    std::vector<char*> const environment = environment_without_mpi();

    pid_t process = 0;
    int const error = ::posix_spawnp(&process, arguments.front(), settings.actions(),
                                     settings.attributes(), arguments.data(), environment.data());
    if (error != 0) {
        ProgramEnd end;
        end.reason = error == ENOENT ? "there is no such program"
                                     : "it cannot be executed: " + error_text(error);
        return end;
    }
    auto const limit = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(std::max(timeout, 0.0)));
    bool const ended = wait_until(process, Clock::now() + limit);
    // Its children too: those of a program that ended may still hold files and processors.
    ::kill(-process, SIGKILL);
    int status = 0;
    while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    if (ended) {
        return end_of(status);
    }
    ProgramEnd end;
    end.kind = ProgramEnd::Kind::timed_out;
    std::string seconds = std::to_string(timeout);
    seconds.erase(seconds.find_last_not_of('0') + 1);
    if (seconds.ends_with('.')) {
        seconds.pop_back();
    }
    end.reason = "it did not end within " + seconds + " s and was stopped";
    return end;
}

std::string last_line_of(std::string const& log_path, std::size_t most)
{
    constexpr std::int64_t looked_at = 4096;
    std::string tail;
    try {
        PosixFile const file = PosixFile::open_for_reading(log_path);
        std::int64_t const size = file.size();
        std::int64_t const count = std::min(size, looked_at);
        tail.resize(static_cast<std::size_t>(count));
        file.read_at(tail.data(), tail.size(), size - count);
    } catch (core::IoError const&) {
        return {};
    }
    std::size_t const end = tail.find_last_not_of(" \t\r\n");
    if (end == std::string::npos) {
        return {};
    }
    std::size_t const newline = tail.find_last_of("\r\n", end);
    std::string line =
        tail.substr(newline == std::string::npos ? 0 : newline + 1, end + 1).substr(0, most);
    line.resize(std::min(line.size(), line.find_last_not_of(" \t\r\n") + 1));
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return line;
}
}  // namespace sectile::io
