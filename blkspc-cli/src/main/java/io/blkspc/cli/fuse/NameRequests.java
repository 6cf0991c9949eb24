package io.blkspc.cli.fuse;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blkspc.xfsish.file.InodeAccess;
import io.blkspc.xfsish.file.InodeAccess.Maker;
import io.blkspc.xfsish.file.InodeAccess.Renaming;
import java.lang.foreign.MemorySegment;

/** Requests on names. Any thread. */
final class NameRequests {

    private static final int NO_REPLACE = 1;
    private static final int EXCHANGE = 2;
    private static final int TYPE_MASK = 0xF000;
    private static final int REGULAR = 0x8000;

    private final Answers answers;
    private final InodeAccess inodes;

    NameRequests(Answers answers) {
        this.answers = answers;
        this.inodes = answers.inodes;
    }

    void lookUp(long request, long parent, long name) {
        answers.entry(request, () -> inodes.lookUp(answers.inode(parent), Memory.string(name)));
    }

    void forget(long request, long node, long count) {
        answers.attempt(() -> inodes.letGo(answers.inode(node), count));
        LibFuse.replyNone(request);
    }

    /** {@code forgets}: so many pairs of a node and a count. */
    void forgetMany(long request, long count, long forgets) {
        for (long at = forgets; at < forgets + 16 * count; at += 16) {
            long node = Memory.ALL.get(JAVA_LONG, at);
            long times = Memory.ALL.get(JAVA_LONG, at + 8);
            answers.attempt(() -> inodes.letGo(answers.inode(node), times));
        }
        LibFuse.replyNone(request);
    }

    void readLink(long request, long node) {
        long[] target = new long[1];
        int errno = answers.attempt(() -> target[0] = answers.scratch().string(inodes.readLink(answers.inode(node))));
        if (errno != 0) {
            LibFuse.replyError(request, errno);
        } else {
            LibFuse.replyLink(request, target[0]);
        }
    }

    private static Maker maker(long request, int mode) {
        return new Maker(mode & 07777, RequestContext.uid(request), RequestContext.gid(request));
    }

    void makeNode(long request, long parent, long name, int mode, long device) {
        if ((mode & TYPE_MASK) != REGULAR) {
            LibFuse.replyError(request, Errno.EPERM); // as POSIX has it where there are no such files
            return;
        }
        answers.entry(request, () -> inodes.create(answers.inode(parent), Memory.string(name), maker(request, mode)));
    }

    void create(long request, long parent, long name, int mode, long fileInfo) {
        MemorySegment entry = answers.scratch().fixed;
        int errno = answers.attempt(() ->
                answers.write(entry, inodes.create(answers.inode(parent), Memory.string(name), maker(request, mode))));
        if (errno != 0) {
            LibFuse.replyError(request, errno);
            return;
        }
        FileInfo.keepCache(fileInfo);
        if (LibFuse.replyCreate(request, entry.address(), fileInfo) != 0) {
            answers.letGo(entry);
        }
    }

    void mkdir(long request, long parent, long name, int mode) {
        answers.entry(request, () -> inodes.mkdir(answers.inode(parent), Memory.string(name), maker(request, mode)));
    }

    void symlink(long request, long target, long parent, long name) {
        answers.entry(
                request,
                () -> inodes.symlink(
                        Memory.string(target), answers.inode(parent), Memory.string(name), maker(request, 0777)));
    }

    void link(long request, long node, long newParent, long newName) {
        answers.entry(
                request, () -> inodes.link(answers.inode(node), answers.inode(newParent), Memory.string(newName)));
    }

    void unlink(long request, long parent, long name) {
        answers.done(request, () -> inodes.unlink(answers.inode(parent), Memory.string(name)));
    }

    void rmdir(long request, long parent, long name) {
        answers.done(request, () -> inodes.rmdir(answers.inode(parent), Memory.string(name)));
    }

    @SuppressWarnings("checkstyle:ParameterNumber") // those of the library
    void rename(long request, long parent, long name, long newParent, long newName, int flags) {
        if (flags != 0 && flags != NO_REPLACE && flags != EXCHANGE) {
            LibFuse.replyError(request, Errno.EINVAL);
            return;
        }
        Renaming how = flags == 0 ? Renaming.REPLACES : flags == NO_REPLACE ? Renaming.KEEPS : Renaming.EXCHANGES;
        answers.done(
                request,
                () -> inodes.rename(
                        answers.inode(parent),
                        Memory.string(name),
                        answers.inode(newParent),
                        Memory.string(newName),
                        how));
    }
}
