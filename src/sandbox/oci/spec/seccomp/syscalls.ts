/*
 * Which system calls the default profile lets through. The effect is that of Docker's and containerd's default
 * profile; names that the C library of seccomp on this host does not know yet are skipped by the runtimes.
 */

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Harmless for any container: they act on the caller, or what they act on is guarded by other checks. */
export const always: readonly string[] = [
  // Opening, reading, writing and steering descriptors.
  ...words(`
    open openat openat2 creat close close_range read readv pread64 preadv preadv2 write writev pwrite64 pwritev
    pwritev2 lseek _llseek readahead fadvise64 fadvise64_64 fallocate ftruncate ftruncate64 truncate truncate64
    fsync fdatasync sync syncfs sync_file_range copy_file_range sendfile sendfile64 splice tee vmsplice dup dup2
    dup3 fcntl fcntl64 flock ioctl pipe pipe2 memfd_create memfd_secret cachestat
  `),
  // Names, attributes and what a file system tells of itself.
  ...words(`
    access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx statfs statfs64
    fstatfs fstatfs64 statmount listmount chdir fchdir getcwd chmod fchmod fchmodat fchmodat2 chown chown32 fchown
    fchown32 fchownat lchown lchown32 umask link linkat symlink symlinkat readlink readlinkat unlink unlinkat
    rename renameat renameat2 mkdir mkdirat rmdir mknod mknodat getdents getdents64 name_to_handle_at utime utimes
    utimensat utimensat_time64 futimesat getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr
    setxattrat listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
    inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark
  `),
  // Waiting for many descriptors, asynchronous reads and writes.
  ...words(`
    select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64 epoll_create epoll_create1 epoll_ctl
    epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4
    io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64 ioprio_get ioprio_set
  `),
  // Memory.
  ...words(`
    brk mmap mmap2 munmap mremap mprotect madvise mincore msync mlock mlock2 mlockall munlock munlockall mseal
    remap_file_pages membarrier map_shadow_stack pkey_alloc pkey_free pkey_mprotect process_mrelease
  `),
  // Processes, their identity, limits and scheduling.
  ...words(`
    fork vfork execve execveat exit exit_group wait4 waitid waitpid getpid getppid gettid getpgid getpgrp getsid
    setpgid setsid getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getgroups getgroups32
    getresuid getresuid32 getresgid getresgid32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid
    setregid32 setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups
    setgroups32 capget capset prctl seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self
    getrlimit ugetrlimit setrlimit prlimit64 getrusage times getpriority setpriority sched_yield
    sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam
    sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval
    sched_rr_get_interval_time64 getcpu set_tid_address set_robust_list get_robust_list set_thread_area
    get_thread_area rseq pidfd_open pidfd_send_signal
  `),
  // Signals, futexes, timers and clocks. Setting a clock is refused by the kernel without CAP_SYS_TIME.
  ...words(`
    kill tkill tgkill pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_tgsigqueueinfo
    rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 sigaltstack sigprocmask sigreturn
    restart_syscall uretprobe futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue nanosleep
    clock_nanosleep clock_nanosleep_time64 clock_gettime clock_gettime64 clock_getres clock_getres_time64
    clock_adjtime clock_adjtime64 adjtimex gettimeofday time alarm getitimer setitimer timer_create timer_delete
    timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime
    timerfd_gettime64 timerfd_settime timerfd_settime64
  `),
  // Sockets but for socket(2) itself, and System V and POSIX communication.
  ...words(`
    socketcall socketpair bind listen accept accept4 connect shutdown getsockname getpeername getsockopt
    setsockopt send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64 ipc msgctl msgget
    msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget mq_open mq_unlink
    mq_notify mq_getsetattr mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
  `),
  // About the machine.
  ...words('getrandom sysinfo uname riscv_hwprobe'),
];

/** Let through as soon as the container holds the capability; the kernel asks for it as well. */
export const withCapability: Readonly<Record<string, readonly string[]>> = {
  CAP_DAC_READ_SEARCH: words('open_by_handle_at'),
  CAP_SYS_ADMIN: words(`
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
    lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl
    quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare
  `),
  CAP_SYS_BOOT: words('reboot'),
  CAP_SYS_CHROOT: words('chroot'),
  CAP_SYS_MODULE: words('init_module finit_module delete_module'),
  CAP_SYS_PACCT: words('acct'),
  CAP_SYS_PTRACE: words('kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace'),
  CAP_SYS_RAWIO: words('iopl ioperm'),
  CAP_SYS_TIME: words('settimeofday stime clock_settime clock_settime64'),
  CAP_SYS_TTY_CONFIG: words('vhangup'),
  CAP_SYS_NICE: words('get_mempolicy set_mempolicy set_mempolicy_home_node mbind'),
  CAP_SYSLOG: words('syslog'),
  CAP_BPF: words('bpf'),
  CAP_PERFMON: words('perf_event_open'),
};

/** Since Linux 4.8 a traced process cannot slip past its own filter. */
export const sinceTracingIsSafe: readonly string[] = words('ptrace process_vm_readv process_vm_writev');

/** By process.arch. */
export const withArchitecture: Readonly<Record<string, readonly string[]>> = {
  x64: words('arch_prctl modify_ldt'),
  arm64: words('arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls'),
  ppc64: words('sync_file_range2 swapcontext'),
  s390x: words('s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr'),
  riscv64: words('riscv_flush_icache'),
};
