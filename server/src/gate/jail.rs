//! What a child of the gate may do once it has begun: read what it is sent, answer, and use some memory and time.
//!
//! Limits that the system keeps (on Unix): memory, processor time for each trial, no file larger than nothing, no
//! other file, no other process, no dump of its memory. On Linux the system calls are filtered, too: those that memory,
//! time and the two pipes need, and none that opens a file or a socket; and it ends when the relay does.

use std::io;

/// Gives up every right that a trial doesn't need; true if system calls are filtered now.
#[cfg(unix)]
pub(super) fn shut(memory: u64) -> io::Result<bool> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // Where memory runs out, the system is to take this process and not the relay. It may be told so or not.
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    }
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nproc, 0),
        (Resource::As, memory),
        // What is open stays open.
        (Resource::Nofile, 0),
    ] {
        // Where less is allowed already, it stays so.
        let most = getrlimit(resource).maximum.map_or(most, |already| most.min(already));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    filter()
}

/// Allows the next trial so many seconds of a processor. Then the system ends this process.
#[cfg(unix)]
pub(super) fn allow(seconds: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};
    let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or(0);
    // The second that has begun is not counted.
    let most = used.saturating_add(1).saturating_add(seconds);
    let maximum = getrlimit(Resource::Cpu).maximum;
    let current = Some(maximum.map_or(most, |already| most.min(already)));
    Ok(setrlimit(Resource::Cpu, Rlimit { current, maximum })?)
}

#[cfg(not(unix))]
pub(super) fn shut(_memory: u64) -> io::Result<bool> {
    Ok(false)
}

#[cfg(not(unix))]
pub(super) fn allow(_seconds: u64) -> io::Result<()> {
    Ok(())
}

/// Allows the system calls that a trial needs. Any other one fails, as it would without the right to it.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
fn filter() -> io::Result<bool> {
    use libc::{
        SYS_brk, SYS_clock_gettime, SYS_exit, SYS_exit_group, SYS_futex, SYS_getpid, SYS_getrandom,
        SYS_gettid, SYS_madvise, SYS_mmap, SYS_mprotect, SYS_mremap, SYS_munmap, SYS_prlimit64, SYS_read,
        SYS_restart_syscall, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sched_yield,
        SYS_sigaltstack, SYS_tgkill, SYS_write,
    };
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
    let calls = [
        SYS_brk,
        SYS_clock_gettime,
        SYS_exit,
        SYS_exit_group,
        SYS_futex,
        SYS_getpid,
        SYS_getrandom,
        SYS_gettid,
        SYS_madvise,
        SYS_mmap,
        SYS_mprotect,
        SYS_mremap,
        SYS_munmap,
        SYS_prlimit64,
        SYS_read,
        SYS_restart_syscall,
        SYS_rt_sigaction,
        SYS_rt_sigprocmask,
        SYS_rt_sigreturn,
        SYS_sched_yield,
        SYS_sigaltstack,
        SYS_tgkill,
        SYS_write,
    ];
    let rules = calls.into_iter().map(|call| (call, Vec::new())).collect();
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, refused, SeccompAction::Allow, arch).map_err(io::Error::other)?;
    let program = BpfProgram::try_from(filter).map_err(io::Error::other)?;
    // A kernel without filters: the limits hold all the same, and the relay says so.
    Ok(seccompiler::apply_filter(&program).is_ok())
}

#[cfg(all(
    unix,
    not(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
    ))
))]
fn filter() -> io::Result<bool> {
    Ok(false)
}
