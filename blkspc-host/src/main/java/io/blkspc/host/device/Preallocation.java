package io.blkspc.host.device;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes files whose every byte has its place on the medium, so that no later overwrite can run out of space, and says
 * whether the file system can keep that.
 *
 * <p>What is verified: the number of blocks allocated (st_blocks; holes cannot be asked for, as ext4 reports fallocated
 * space as a hole) and the type of the file system. ext4, xfs and tmpfs write in place and keep an allocation; xfs does so
 * until somebody shares the file's blocks with {@code cp --reflink}. What lies under the file system (a thin volume, a loop
 * over a sparse file) cannot be seen from here.
 */
public final class Preallocation {

    private static final Logger log = LoggerFactory.getLogger(Preallocation.class);
    private static final int ZERO_CHUNK_BYTES = 1 << 20;

    private Preallocation() {}

    /** How the space of a new file is made. */
    public enum Fill {
        /** Allocated and never written: fast, but the first write of each part changes file system metadata. */
        ALLOCATED,
        /** Written with zeros, so that a force of later overwrites has no file system metadata to commit. */
        ZEROED
    }

    /**
     * What a file or device promises.
     *
     * @param sizeBytes capacity
     * @param fileSystem type of the file system, or {@code device} for a raw device
     * @param isReserved {@code true} when no overwrite can run out of space
     */
    public record Backing(long sizeBytes, String fileSystem, boolean isReserved) {}

    /**
     * Refuses what cannot fit before any of it is made: some file systems find out only when they have nothing left, and
     * meanwhile everybody else on them finds no room. What is told as free may be gone a moment later; {@link #create} looks again.
     *
     * @param sizes files that are to be made, and their bytes; their directories are there
     * @throws BlockSpaceException {@code OUT_OF_BACKING} when those of one file system have no room together
     */
    public static void requireRoom(Map<Path, Long> sizes) {
        Map<FileStore, Path> places = new LinkedHashMap<>();
        Map<FileStore, Long> wanted = new HashMap<>();
        sizes.forEach((file, sizeBytes) -> {
            Path directory = file.toAbsolutePath().getParent();
            try {
                FileStore store = Files.getFileStore(directory);
                places.putIfAbsent(store, directory);
                wanted.merge(store, sizeBytes, Long::sum);
            } catch (IOException e) {
                log.debug("free space is not known: directory={}", directory, e);
            }
        });
        places.forEach((store, directory) -> {
            PosixFile opened = PosixFile.open(directory, Posix.O_RDONLY, 0);
            try {
                refuseHopeless(opened, wanted.get(store));
            } finally {
                opened.close();
            }
        });
    }

    /**
     * Makes a new file of zeros with all its space, durable under its name.
     *
     * @param sizeBytes greater than 0
     * @param allowUnreserved accept a file system that cannot keep the space
     * @throws BlockSpaceException {@code EXISTS}; {@code OUT_OF_BACKING} when there is no room or the file system cannot
     *     promise it; no file is left behind
     */
    public static Backing create(Path file, long sizeBytes, Fill fill, boolean allowUnreserved) {
        if (sizeBytes <= 0) {
            throw new IllegalArgumentException("a preallocated file has at least one byte: size=" + sizeBytes);
        }
        PosixFile opened = PosixFile.open(file, Posix.O_RDWR | Posix.O_CREAT | Posix.O_EXCL, 0600);
        try {
            try {
                allocate(opened, sizeBytes, fill);
                Backing backing = verify(opened, allowUnreserved);
                DirectorySync.force(file.toAbsolutePath().getParent());
                return backing;
            } finally {
                opened.close();
            }
        } catch (BlockSpaceException e) {
            remove(file, e);
            throw e;
        }
    }

    /**
     * Examines an existing file or raw device that is to hold a pool's data.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code OUT_OF_BACKING} as for {@link #create}
     */
    public static Backing verify(Path file, boolean allowUnreserved) {
        PosixFile opened = PosixFile.open(file, Posix.O_RDONLY, 0);
        try {
            return verify(opened, allowUnreserved);
        } finally {
            opened.close();
        }
    }

    /**
     * Makes a file longer, as {@link #create} would have made it; what it promised before it promises then. A raw device must
     * have the size already. On an exception the file is as it was.
     *
     * @throws BlockSpaceException {@code OUT_OF_BACKING} when there is no room, or the file system does not keep for the new
     *     part what it kept for the old one; {@code NOT_FOUND}; {@code IO}
     */
    public static void extend(Path file, long newSizeBytes) {
        PosixFile opened = PosixFile.open(file, Posix.O_RDWR, 0);
        try {
            FileFacts before = opened.facts();
            if (before.isBlockDevice() || before.sizeBytes() >= newSizeBytes) {
                if (before.sizeBytes() < newSizeBytes) {
                    throw new BlockSpaceException(
                            Code.OUT_OF_BACKING,
                            "device is too small: file=" + file + ", size=" + before.sizeBytes() + ", wanted="
                                    + newSizeBytes);
                }
                return;
            }
            boolean wasReserved = verify(opened, true).isReserved();
            try {
                allocate(opened, before.sizeBytes(), newSizeBytes - before.sizeBytes(), Fill.ALLOCATED);
                verify(opened, !wasReserved);
            } catch (BlockSpaceException e) {
                cutBack(file, before.sizeBytes());
                throw e;
            }
        } finally {
            opened.close();
        }
    }

    /** Takes the end of a file away again, if it is one and has it. Where that fails its room is lost and nothing else. */
    static void cutBack(Path file, long sizeBytes) {
        if (!Files.isRegularFile(file)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(sizeBytes);
        } catch (IOException e) {
            log.warn("file could not be cut back: file={}, size={}, cause={}", file, sizeBytes, e.toString());
        }
    }

    private static void allocate(PosixFile file, long sizeBytes, Fill fill) {
        allocate(file, 0, sizeBytes, fill);
    }

    private static void allocate(PosixFile file, long from, long sizeBytes, Fill fill) {
        refuseHopeless(file, sizeBytes);
        int result;
        do {
            result = Posix.fallocate(file.fd(), 0, from, sizeBytes);
        } while (result == -Errno.EINTR);
        boolean isUnsupported = result == -Errno.EOPNOTSUPP || result == -Errno.ENOSYS;
        if (result < 0 && !isUnsupported) {
            throw Errno.failure(
                    "cannot preallocate", -result, "file=" + file.path() + ", size=" + sizeBytes + free(file.path()));
        }
        if (isUnsupported || fill == Fill.ZEROED) {
            writeZeros(file, from, sizeBytes);
        }
        // Delayed allocation is decided by now at the latest.
        result = Posix.fsync(file.fd());
        if (result < 0) {
            throw Errno.failure("cannot preallocate", -result, "file=" + file.path() + ", size=" + sizeBytes);
        }
    }

    private static void refuseHopeless(PosixFile file, long sizeBytes) {
        if (!FileSystemType.of(file.facts().fileSystemType()).keepsAllocation()) {
            return; // what it shows as free says little where it compresses
        }
        try {
            FileStore store = Files.getFileStore(file.path());
            boolean isLimited = store.getTotalSpace() > 0; // not so a tmpfs without a size
            if (isLimited && sizeBytes > store.getUnallocatedSpace()) {
                throw new BlockSpaceException(
                        Code.OUT_OF_BACKING,
                        "not enough room: file=" + file.path() + ", size=" + sizeBytes + free(file.path()));
            }
        } catch (IOException e) {
            log.debug("free space is not known: file={}", file.path(), e);
        }
    }

    private static void writeZeros(PosixFile file, long from, long sizeBytes) {
        FileBlockDevice device = FileBlockDevice.borrowing(file, from + sizeBytes);
        Transfer transfer = new Transfer();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment zeros = arena.allocate(ZERO_CHUNK_BYTES);
            zeros.fill((byte) 0);
            for (long at = 0; at < sizeBytes; at += ZERO_CHUNK_BYTES) {
                long length = Math.min(ZERO_CHUNK_BYTES, sizeBytes - at);
                device.write(transfer.reset(from + at).add(zeros, 0, length), IoRole.DATA);
            }
        }
    }

    private static Backing verify(PosixFile file, boolean allowUnreserved) {
        FileFacts facts = file.facts();
        if (facts.isBlockDevice()) {
            return new Backing(facts.sizeBytes(), "device", true);
        }
        String fileSystem = FileSystemType.name(facts.fileSystemType());
        if (facts.keepsSpace()) {
            if (FileSystemType.of(facts.fileSystemType()) == FileSystemType.TMPFS) {
                log.warn("file is in memory and will not survive a power loss: file={}", file.path());
            }
            return new Backing(facts.sizeBytes(), fileSystem, true);
        }
        String problem = facts.allocatedBytes() >= facts.sizeBytes()
                ? "file system cannot promise that overwrites find room"
                : "file system did not allocate the whole file";
        String details = ": file=" + file.path() + ", fileSystem=" + fileSystem + ", size=" + facts.sizeBytes()
                + ", allocated=" + facts.allocatedBytes();
        if (!allowUnreserved) {
            throw new BlockSpaceException(Code.OUT_OF_BACKING, problem + details);
        }
        log.warn("{}{}; accepted as asked", problem, details);
        return new Backing(facts.sizeBytes(), fileSystem, false);
    }

    private static String free(Path file) {
        try {
            return ", free=" + Files.getFileStore(file).getUsableSpace();
        } catch (IOException e) {
            return "";
        }
    }

    private static void remove(Path file, BlockSpaceException because) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            because.addSuppressed(e);
        }
    }
}
