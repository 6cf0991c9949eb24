package io.blkspc.cli.fuse;

import java.lang.invoke.MethodType;

/**
 * The operations of {@code struct fuse_lowlevel_ops} that are answered, with their place in it and the method that takes them. What
 * is not here the kernel does by itself (access, locks, copies between files), or refuses.
 */
enum Operation {
    INIT(0, "init", "ll"),
    LOOKUP(2, "lookUp", "lll"),
    FORGET(3, "forget", "lll"),
    GETATTR(4, "status", "lll"),
    SETATTR(5, "update", "lllil"),
    READLINK(6, "readLink", "ll"),
    MKNOD(7, "makeNode", "lllil"),
    MKDIR(8, "mkdir", "llli"),
    UNLINK(9, "unlink", "lll"),
    RMDIR(10, "rmdir", "lll"),
    SYMLINK(11, "symlink", "llll"),
    RENAME(12, "rename", "llllli"),
    LINK(13, "link", "llll"),
    OPEN(14, "open", "lll"),
    READ(15, "read", "lllll"),
    WRITE(16, "write", "llllll"),
    FLUSH(17, "flush", "lll"),
    RELEASE(18, "release", "lll"),
    FSYNC(19, "sync", "llil"),
    OPENDIR(20, "openDirectory", "lll"),
    READDIR(21, "readDirectory", "lllll"),
    RELEASEDIR(22, "releaseDirectory", "lll"),
    FSYNCDIR(23, "sync", "llil"),
    STATFS(24, "space", "ll"),
    SETXATTR(25, "setAttribute", "llllli"),
    GETXATTR(26, "attribute", "llll"),
    LISTXATTR(27, "attributeNames", "lll"),
    REMOVEXATTR(28, "removeAttribute", "lll"),
    CREATE(30, "create", "lllil"),
    FORGET_MULTI(38, "forgetMany", "lll"),
    FALLOCATE(40, "allocate", "llilll"),
    LSEEK(43, "seek", "lllil");

    /** Pointers in the table. */
    static final int COUNT = 44;

    private final int place;
    private final String method;

    @SuppressWarnings("ImmutableEnumChecker") // it is immutable, and says so in words only
    private final MethodType type;

    /** {@code types}: l for a long or a pointer, i for an int. */
    Operation(int place, String method, String types) {
        this.place = place;
        this.method = method;
        this.type = MethodType.methodType(
                void.class,
                types.chars().mapToObj(c -> c == 'i' ? int.class : long.class).toArray(Class<?>[]::new));
    }

    /** Index of its pointer. */
    int place() {
        return place;
    }

    /** Name of the method that takes it. */
    String method() {
        return method;
    }

    /** Type of that method. */
    MethodType type() {
        return type;
    }
}
