"""What POSIX and Linux say of files, one check after the other, in the directory that is named. Needs root."""
import ctypes
import errno
import mmap
import os
import stat
import sys
import threading

libc = ctypes.CDLL(None, use_errno=True)
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
libc.renameat2.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
AT_FDCWD = -100
checks = []


def check(function):
    checks.append(function)
    return function


def fails(number, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except OSError as error:
        assert error.errno == number, "errno=%s, expected=%s" % (error.errno, number)
        return
    raise AssertionError("did not fail: expected=%s" % errno.errorcode[number])


def native(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def fallocate(fd, mode, offset, length):
    native(libc.fallocate(fd, mode, offset, length))


def rename2(old, new, flags):
    native(libc.renameat2(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags))


def put(path, data=b"x"):
    with open(path, "wb") as file:
        file.write(data)


def get(path):
    with open(path, "rb") as file:
        return file.read()


@check
def names():
    for name in ("a" * 255, b"\xe9t\xe9", "...", "with space\nand line"):
        put(name)
        assert os.stat(name).st_size == 1
    assert set(os.listdir(b".")) >= {b"\xe9t\xe9", b"..."}
    fails(errno.ENAMETOOLONG, put, "a" * 256)
    fails(errno.ENOENT, put, "none/a")
    fails(errno.ENOTDIR, put, ".../a")
    fails(errno.EEXIST, os.open, "...", os.O_CREAT | os.O_EXCL)
    fails(errno.EISDIR, os.open, ".", os.O_RDWR)


@check
def directories():
    os.mkdir("d")
    fails(errno.EEXIST, os.mkdir, "d")
    assert os.stat("d").st_nlink == 2
    os.mkdir("d/e")
    assert os.stat("d").st_nlink == 3
    fails(errno.ENOTEMPTY, os.rmdir, "d")
    fails(errno.EISDIR, os.unlink, "d")
    fails(errno.EINVAL, os.rename, "d", "d/e/f")
    put("f")
    fails(errno.ENOTDIR, os.rmdir, "f")
    fails(errno.ENOTDIR, os.rename, "d", "f")
    fails(errno.EISDIR, os.rename, "f", "d")
    os.mkdir("g")
    os.rename("d/e", "g")
    assert os.listdir("d") == [] and os.stat("d").st_nlink == 2
    fd = os.open("g", os.O_RDONLY)
    os.rmdir("g")
    assert os.fstat(fd).st_nlink == 0 and os.listdir(fd) == []
    fails(errno.ENOENT, os.open, "x", os.O_CREAT, dir_fd=fd)
    os.close(fd)


@check
def many_names_while_they_change():
    os.mkdir("many")
    for i in range(700):
        put("many/%04d-%s" % (i, "n" * 40))
    seen = []
    for entry in os.scandir("many"):
        seen.append(entry.name)
        os.unlink("many/" + entry.name)
    assert len(seen) == 700 and len(set(seen)) == 700
    assert os.listdir("many") == []


@check
def hard_links():
    put("a", b"one")
    os.link("a", "b")
    assert os.stat("a").st_ino == os.stat("b").st_ino and os.stat("b").st_nlink == 2
    put("b", b"other")
    assert get("a") == b"other"
    os.rename("a", "b")  # two names of one file: nothing happens
    assert os.path.exists("a") and os.path.exists("b")
    os.unlink("a")
    assert os.stat("b").st_nlink == 1
    os.mkdir("d")
    fails(errno.EPERM, os.link, "d", "e")
    fails(errno.EEXIST, os.link, "b", "d")


@check
def symbolic_links():
    os.symlink("target", "s")
    assert os.readlink("s") == "target" and os.lstat("s").st_size == 6
    fails(errno.ENOENT, os.stat, "s")
    fails(errno.EEXIST, os.symlink, "t", "s")
    os.symlink("loop", "loop")
    fails(errno.ELOOP, os.stat, "loop")
    os.chown("s", 5, 6, follow_symlinks=False)
    assert os.lstat("s").st_uid == 5
    fails(errno.EINVAL, os.readlink, ".")


@check
def renames():
    put("a", b"a")
    put("b", b"b")
    fails(errno.EEXIST, rename2, "a", "b", 1)
    rename2("a", "b", 2)
    assert get("a") == b"b" and get("b") == b"a"
    os.mkdir("d")
    put("d/in", b"in")
    rename2("a", "d", 2)
    assert get("d") == b"b" and get("a/in") == b"in"
    fails(errno.ENOENT, rename2, "a", "none", 2)
    fd = os.open("b", os.O_RDONLY)
    os.rename("d", "b")
    assert get("b") == b"b" and os.read(fd, 9) == b"a"
    os.close(fd)


@check
def open_without_a_name():
    fd = os.open("t", os.O_RDWR | os.O_CREAT)
    os.write(fd, b"0123456789")
    os.unlink("t")
    put("t", b"other")
    os.pwrite(fd, b"abc", 100000)
    assert os.fstat(fd).st_nlink == 0 and os.fstat(fd).st_size == 100003
    assert os.pread(fd, 10, 0) == b"0123456789"
    os.fchmod(fd, 0o600)
    os.ftruncate(fd, 5)
    os.fsync(fd)
    assert os.fstat(fd).st_size == 5 and get("t") == b"other"
    os.close(fd)


@check
def bytes_and_sizes():
    fd = os.open("f", os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, b"x" * 10000, 5000)
    assert os.pread(fd, 20000, 0) == bytes(5000) + b"x" * 10000
    os.ftruncate(fd, 7000)
    os.ftruncate(fd, 20000)
    assert os.pread(fd, 20000, 0) == bytes(5000) + b"x" * 2000 + bytes(13000)
    append = os.open("f", os.O_WRONLY | os.O_APPEND)
    os.write(append, b"end")
    os.write(fd, b"start")
    os.write(append, b"end")
    os.close(append)
    assert os.fstat(fd).st_size == 20006 and os.pread(fd, 9, 20000) == b"endend"
    os.close(os.open("f", os.O_WRONLY | os.O_TRUNC))
    assert os.fstat(fd).st_size == 0 and os.fstat(fd).st_blocks == 0
    fails(errno.EFBIG, os.ftruncate, fd, 1 << 50)
    os.close(fd)


@check
def holes():
    fd = os.open("h", os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, b"y" * (1 << 20), 0)
    fallocate(fd, 3, 4096, 1 << 19)
    os.fsync(fd)
    assert os.fstat(fd).st_size == 1 << 20 and os.fstat(fd).st_blocks == 1024
    assert os.pread(fd, 3, 4095) == b"y\0\0"
    assert os.lseek(fd, 0, os.SEEK_HOLE) == 4096
    assert os.lseek(fd, 4096, os.SEEK_DATA) == 4096 + (1 << 19)
    assert os.lseek(fd, 1 << 19, os.SEEK_HOLE) == 1 << 19
    fails(errno.ENXIO, os.lseek, fd, 1 << 20, os.SEEK_DATA)
    fallocate(fd, 1, 1 << 20, 40960)
    assert os.fstat(fd).st_size == 1 << 20 and os.fstat(fd).st_blocks == 1104
    fallocate(fd, 0, 1 << 20, 8192)
    assert os.fstat(fd).st_size == (1 << 20) + 8192 and os.pread(fd, 4, 1 << 20) == bytes(4)
    fallocate(fd, 0x10, 0, 4096)
    assert os.pread(fd, 4, 0) == bytes(4)
    fails(errno.EOPNOTSUPP, fallocate, fd, 0x08, 0, 4096)
    fails(errno.EINVAL, fallocate, fd, 0, 0, 0)
    os.close(fd)


@check
def times():
    put("t")
    os.utime("t", ns=(1_500_000_000_123_456_789, 1_600_000_000_987_654_321))
    seen = os.stat("t")
    assert seen.st_atime_ns == 1_500_000_000_123_456_789 and seen.st_mtime_ns == 1_600_000_000_987_654_321
    libc.utimensat.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int]
    spec = (ctypes.c_long * 4)(0, (1 << 30) - 2, 77, 5)  # omit, 77.000000005
    native(libc.utimensat(AT_FDCWD, b"t", spec, 0))
    seen = os.stat("t")
    assert seen.st_atime_ns == 1_500_000_000_123_456_789 and seen.st_mtime_ns == 77_000_000_005
    spec = (ctypes.c_long * 4)(0, (1 << 30) - 1, 0, (1 << 30) - 2)  # now, omit
    before = os.stat("t")
    native(libc.utimensat(AT_FDCWD, b"t", spec, 0))
    seen = os.stat("t")
    assert seen.st_atime_ns > before.st_atime_ns and seen.st_mtime_ns == 77_000_000_005
    assert seen.st_ctime_ns >= before.st_ctime_ns
    os.utime("t", ns=(-5, -1_000_000_007))
    assert os.stat("t").st_mtime_ns == -1_000_000_007
    with open("t", "ab") as file:
        file.write(b"more")
    assert os.stat("t").st_mtime_ns > 0
    parent = os.stat(".").st_mtime_ns
    put("t2")
    assert os.stat(".").st_mtime_ns > parent


def child(uid, work):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            work()
            code = 0
        except BaseException as problem:
            print("as uid %d: %r" % (uid, problem), file=sys.stderr)
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0


@check
def owners_and_permissions():
    os.chmod(".", 0o755)
    put("secret")
    os.chmod("secret", 0o640)
    os.chown("secret", 1000, 2000)
    os.mkdir("open")
    os.chmod("open", 0o777)
    os.mkdir("shared")
    os.chown("shared", 0, 2000)
    os.chmod("shared", 0o2777)
    os.mkdir("sticky")
    os.chmod("sticky", 0o1777)
    put("sticky/roots")

    def other():
        fails(errno.EACCES, get, "secret")
        fails(errno.EACCES, put, "mine")
        fails(errno.EPERM, os.chmod, "secret", 0o666)
        put("open/mine")
        assert os.stat("open/mine").st_uid == 3000
        fails(errno.EPERM, os.chown, "open/mine", 0, 0)
        put("shared/mine")
        assert os.stat("shared/mine").st_gid == 2000
        os.mkdir("shared/below")
        assert stat.S_IMODE(os.stat("shared/below").st_mode) & 0o2000
        fails(errno.EPERM, os.unlink, "sticky/roots")

    child(3000, other)
    os.umask(0o027)
    put("masked")
    assert stat.S_IMODE(os.stat("masked").st_mode) == 0o640
    os.umask(0o022)


@check
def set_id_bits_end():
    put("p")
    os.chmod("p", 0o6777)

    def write():
        with open("p", "r+b") as file:
            file.write(b"new")

    child(3000, write)
    assert stat.S_IMODE(os.stat("p").st_mode) == 0o777
    os.chmod("p", 0o6755)
    os.chown("p", 7, 8)
    assert stat.S_IMODE(os.stat("p").st_mode) == 0o755


@check
def attributes():
    put("x")
    os.setxattr("x", "user.a", b"1")
    fails(errno.EEXIST, os.setxattr, "x", "user.a", b"2", os.XATTR_CREATE)
    fails(errno.ENODATA, os.setxattr, "x", "user.b", b"2", os.XATTR_REPLACE)
    os.setxattr("x", "trusted.t", bytes(range(256)))
    os.setxattr("x", "user.empty", b"")
    assert set(os.listxattr("x")) >= {"user.a", "trusted.t", "user.empty"}
    assert os.getxattr("x", "trusted.t") == bytes(range(256)) and os.getxattr("x", "user.empty") == b""
    os.removexattr("x", "user.a")
    fails(errno.ENODATA, os.getxattr, "x", "user.a")
    fails(errno.ENODATA, os.removexattr, "x", "user.a")
    fails(errno.ENOSPC, os.setxattr, "x", "user.large", bytes(5000))
    fails(errno.EOPNOTSUPP, os.setxattr, "x", "system.posix_acl_access", b"\2\0\0\0")
    os.mkdir("xd")
    os.setxattr("xd", "user.d", b"d")
    assert os.getxattr("xd", "user.d") == b"d"


@check
def other_kinds_are_refused():
    fails(errno.EPERM, os.mkfifo, "fifo")
    fails(errno.EPERM, os.mknod, "device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    os.mknod("plain", stat.S_IFREG | 0o600)
    assert os.stat("plain").st_size == 0


@check
def shared_memory():
    put("m", b"a" * 8192)
    with open("m", "r+b") as file:
        with mmap.mmap(file.fileno(), 8192) as view:
            view[4096:4100] = b"mmap"
            view.flush()
        assert os.pread(file.fileno(), 5, 4095) == b"ammap"
    assert get("m")[4096:4100] == b"mmap"


@check
def space():
    seen = os.statvfs(".")
    assert seen.f_frsize == 4096 and seen.f_namemax == 255
    assert 0 < seen.f_bavail <= seen.f_bfree <= seen.f_blocks
    put("s", b"s" * (1 << 20))
    fd = os.open("s", os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
    assert seen.f_bfree - os.statvfs(".").f_bfree >= 256
    fd = os.open(".", os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


@check
def many_at_once():
    problems = []

    def work(number):
        try:
            for i in range(40):
                path = "c%d-%d" % (number, i)
                data = bytes([number, i]) * (1000 + 997 * i)
                put(path, data)
                os.rename(path, path + "r")
                assert get(path + "r") == data
                if i % 4 == 0:
                    fd = os.open(path + "r", os.O_RDWR)
                    os.fsync(fd)
                    os.close(fd)
                os.unlink(path + "r")
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems
    assert os.listdir(".") == []


base = os.path.abspath(sys.argv[1])
failed = 0
for function in checks:
    directory = os.path.join(base, function.__name__)
    os.mkdir(directory)
    os.chdir(directory)
    try:
        function()
        print("ok", function.__name__)
    except BaseException as problem:
        failed += 1
        where = problem.__traceback__
        while where.tb_next:
            where = where.tb_next
        print("FAILED", function.__name__, "line", where.tb_lineno, repr(problem))
os.chdir("/")
print("checks=%d failed=%d" % (len(checks), failed))
sys.exit(1 if failed else 0)
