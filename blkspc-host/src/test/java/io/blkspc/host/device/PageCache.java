package io.blkspc.host.device;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** What the kernel keeps of a file, as mincore(2) says. */
public final class PageCache {

    private PageCache() {}

    /** Pages of a file that are in memory now. */
    public static long pages(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                Arena arena = Arena.ofConfined()) {
            MemorySegment mapped = channel.map(MapMode.READ_WRITE, 0, channel.size(), arena);
            long found = 0;
            for (long at = 0; at < mapped.byteSize(); at += 4096) {
                found += mapped.asSlice(at, Math.min(4096, mapped.byteSize() - at))
                                .isLoaded()
                        ? 1
                        : 0;
            }
            return found;
        }
    }

    /** Makes the file durable and its pages clean, then asks the kernel to let them go. */
    public static void drop(Path file) {
        PosixFile open = PosixFile.open(file, Posix.O_RDWR, 0);
        open.sync();
        Posix.posixFadvise(open.fd(), 0, 0, Posix.FADV_DONTNEED);
        open.close();
    }
}
