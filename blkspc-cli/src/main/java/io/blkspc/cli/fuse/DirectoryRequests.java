package io.blkspc.cli.fuse;

import io.blkspc.xfsish.inode.Directories.Entry;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Requests on open directories. Each shows the names of the moment its first read began, so that none is told twice or left out
 * while others come and go; an offset is a position in that list. Any thread.
 */
final class DirectoryRequests {

    private static final int DIRECTORY = 0x4000;
    private static final byte[] HERE = {'.'};
    private static final byte[] ABOVE = {'.', '.'};

    private final Answers answers;
    private final Map<Long, List<Entry>> open = new ConcurrentHashMap<>();
    private final AtomicLong handles = new AtomicLong();

    DirectoryRequests(Answers answers) {
        this.answers = answers;
    }

    void openDirectory(long request, long node, long fileInfo) {
        long handle = handles.incrementAndGet();
        open.put(handle, List.of());
        FileInfo.handle(fileInfo, handle);
        if (LibFuse.replyOpen(request, fileInfo) != 0) {
            open.remove(handle);
        }
    }

    void releaseDirectory(long request, long node, long fileInfo) {
        open.remove(FileInfo.handle(fileInfo));
        LibFuse.replyError(request, 0);
    }

    void readDirectory(long request, long node, long size, long offset, long fileInfo) {
        long handle = FileInfo.handle(fileInfo);
        long[] filled = new long[1];
        MemorySegment buffer = answers.scratch().buffer(size + NAME_ROOM);
        int errno = answers.attempt(() -> {
            if (offset == 0) {
                open.put(handle, list(answers.inode(node)));
            }
            filled[0] = offset < 0 || offset > Integer.MAX_VALUE
                    ? 0 // whoever seeks may say anything
                    : fill(request, open.get(handle), (int) offset, buffer, size);
        });
        if (errno != 0) {
            LibFuse.replyError(request, errno);
        } else {
            LibFuse.replyBytes(request, buffer.address(), filled[0]);
        }
    }

    /** Behind the answer, for the name that is being added. */
    private static final int NAME_ROOM = 512;

    private List<Entry> list(long inode) {
        List<Entry> entries = new ArrayList<>();
        entries.add(new Entry(HERE, inode, DIRECTORY));
        entries.add(new Entry(ABOVE, answers.inodes.parent(inode), DIRECTORY));
        entries.addAll(answers.inodes.list(inode));
        return entries;
    }

    private long fill(long request, List<Entry> entries, int first, MemorySegment buffer, long size) {
        MemorySegment stat = answers.scratch().fixed;
        MemorySegment name = buffer.asSlice(size, NAME_ROOM);
        long at = 0;
        for (int i = first; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            name.copyFrom(MemorySegment.ofArray(entry.name()));
            name.set(java.lang.foreign.ValueLayout.JAVA_BYTE, entry.name().length, (byte) 0);
            StatRecord.writeName(stat, answers.node(entry.inode()), entry.type());
            long needed =
                    LibFuse.addName(request, buffer.address() + at, size - at, name.address(), stat.address(), i + 1L);
            if (needed > size - at) {
                break;
            }
            at += needed;
        }
        return at;
    }
}
