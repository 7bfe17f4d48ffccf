"""Become a server process: `python -P launch.py SIGNAL USER COMMAND...`, run as a script by the guard.

Two things must be done by the process itself, between fork and exec: giving up root, which PostgreSQL refuses, and
asking the kernel for SIGNAL when the guard dies. Done here and not in a `preexec_fn`, which is not safe beside threads.
USER is empty when nothing is to be given up.
"""

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def main(death_signal: str, user: str, *command: str) -> None:
    parent = os.getppid()
    # Inherited otherwise: a shell ignores SIGINT for what it starts in the background, a thread may block signals.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if user:
        _become(user)
    if sys.platform == "linux":
        # After the change of user, which clears it. The guard may have died meanwhile: then nobody would tell us.
        _prctl(PR_SET_PDEATHSIG, signal.Signals[death_signal])
        if os.getppid() != parent:
            sys.exit("the guard died while the server was starting")
    os.execv(command[0], command)  # noqa: S606


def _become(user: str) -> None:
    """Give up root for good, but keep the right to enter folders.

    A project or a virtual environment below a closed folder (/root, a private temporary folder) would otherwise be out
    of reach; opening those folders for everybody, as some packages do, is not ours to decide.
    """
    account = pwd.getpwnam(user)
    if sys.platform == "linux":
        _prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    if sys.platform == "linux":
        _ = _keep(CAP_DAC_READ_SEARCH) or _keep(CAP_DAC_OVERRIDE)  # containers often grant the second only


def _keep(capability: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    bit = 1 << capability
    header, sets = _Header(CAPABILITY_VERSION_3, 0), (_Sets * 2)(_Sets(bit, bit, bit))
    if libc.capset(ctypes.byref(header), ctypes.byref(sets)) != 0:
        return False
    return _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability) == 0


def _prctl(option: int, first: int, second: int = 0) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    return int(libc.prctl(option, ctypes.c_ulong(first), ctypes.c_ulong(second), zero, zero))


if __name__ == "__main__":
    main(*sys.argv[1:])
