package io.blkspc.host.journal;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Reads and writes the two copies of the {@link Superblock}, at 0 and 4096 of a device. A write goes to the copy that is
 * not the newest, so a torn write leaves the other.
 *
 * <p>After the first exception of the device no further write is attempted (DURABILITY D12). Owned by one thread at a
 * time.
 */
public final class SuperblockStore implements AutoCloseable {

    /** Bytes both copies take. */
    public static final int DEVICE_BYTES = 2 * Superblock.LENGTH;

    private static final String STRUCTURE = "superblock";

    private final BlockDevice device;
    // Freed with its last user, for a pool whose opening failed, or which a simulated crash cut off, is never closed.
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment buffer = arena.allocate(Superblock.LENGTH, Superblock.LENGTH);
    private final Transfer transfer = new Transfer();
    private long newestGeneration;
    private boolean failed;

    /** A store on a device that is a pool's or will become one. */
    public SuperblockStore(BlockDevice device) {
        this(device, 0);
    }

    /**
     * A store on a device whose newest copy is known. Who is about to write knows it from the medium: what a device with a page
     * cache reads may be a copy that a failed force lost, and the next write would go over the only good one.
     */
    public SuperblockStore(BlockDevice device, long newestGeneration) {
        this.device = device;
        this.newestGeneration = newestGeneration;
    }

    /**
     * The newest valid copy.
     *
     * @throws BlockSpaceException {@code NOT_FOUND} when the device is not a pool's: neither copy has the magic; {@code
     *     TOO_NEW}, {@code TOO_OLD} for a format or feature this version cannot open at all
     * @throws CorruptSpaceException {@code NEEDS_CHECK} when no copy is valid
     */
    public SuperblockReading read() {
        if (device.sizeBytes() < DEVICE_BYTES) {
            throw corrupt(0, "reason=too short, size=" + device.sizeBytes() + ", wanted=" + DEVICE_BYTES);
        }
        Superblock newest = null;
        int damaged = -1;
        boolean magic = false;
        for (int copy = 0; copy < 2; copy++) {
            Superblock found = readCopy(copy);
            magic |= found == null || found.hasMagic();
            if (found == null || !found.isValidCopy(copy)) {
                damaged = copy;
            } else if (newest == null || found.generation() > newest.generation()) {
                newest = found;
            }
        }
        if (newest == null) {
            if (!magic) {
                throw new BlockSpaceException(Code.NOT_FOUND, "not a pool: no superblock has the magic number");
            }
            throw corrupt(0, "reason=neither copy is valid");
        }
        String readOnlyReason = judge(newest);
        newestGeneration = newest.generation();
        return new SuperblockReading(newest, damaged, readOnlyReason);
    }

    /**
     * Writes one copy, the one that is not the newest, and gives {@code superblock} its new generation. The caller forces.
     *
     * <p>Enough only when the other copy may still be used as well: should this copy be damaged later, the other one
     * counts again. For everything else there is {@link #writeBoth}.
     *
     * @throws BlockSpaceException {@code FAILED} after an earlier failure; otherwise what the device threw
     */
    public void write(Superblock superblock) {
        if (failed) {
            throw new BlockSpaceException(Code.FAILED, "superblock has failed: generation=" + newestGeneration);
        }
        superblock.generation(newestGeneration + 1);
        superblock.store(buffer, 0);
        long offset = (long) superblock.copyIndex() * Superblock.LENGTH;
        boolean done = false;
        try {
            device.write(transfer.reset(offset).add(buffer, 0, Superblock.LENGTH), IoRole.SUPERBLOCK);
            done = true;
        } finally {
            failed |= !done;
        }
        newestGeneration = superblock.generation();
    }

    /** Makes the writes so far durable. */
    public void force() {
        if (failed) {
            throw new BlockSpaceException(Code.FAILED, "superblock has failed: generation=" + newestGeneration);
        }
        boolean done = false;
        try {
            device.force(IoRole.SUPERBLOCK);
            done = true;
        } finally {
            failed |= !done;
        }
    }

    /**
     * Writes one copy, forces, writes the other, forces: afterwards no older superblock exists. Needed before journal or
     * segments are reused (SEMANTICS R10), and before anything happens that an older superblock would undo: the first
     * write of a run (state, salt, node map flag). A power cut inside leaves the old or the new one.
     */
    public void writeBoth(Superblock superblock) {
        write(superblock);
        force();
        write(superblock);
        force();
    }

    @Override
    public void close() {
        failed = true;
    }

    /** One copy as it is on the medium; {@code null} when it cannot be read. */
    private Superblock readCopy(int copy) {
        long offset = (long) copy * Superblock.LENGTH;
        try {
            device.read(transfer.reset(offset).add(buffer, 0, Superblock.LENGTH), IoRole.SUPERBLOCK);
        } catch (BlockSpaceException e) {
            if (e.code() == Code.IO) {
                return null;
            }
            throw e;
        }
        return Superblock.of(buffer, 0);
    }

    /** Refuses what this version cannot open; returns why it may only read, or {@code null}. */
    private static String judge(Superblock superblock) {
        int version = superblock.formatVersion();
        if (version > Superblock.FORMAT_VERSION) {
            throw new BlockSpaceException(
                    Code.TOO_NEW,
                    "pool format is newer than this version reads: format=" + version + ", newest="
                            + Superblock.FORMAT_VERSION);
        }
        if (version < Superblock.OLDEST_VERSION) {
            throw new BlockSpaceException(
                    Code.TOO_OLD,
                    "pool format is older than this version reads: format=" + version + ", oldest="
                            + Superblock.OLDEST_VERSION);
        }
        long incompat = superblock.incompatFeatures() & ~Superblock.KNOWN_INCOMPAT;
        if (incompat != 0) {
            throw new BlockSpaceException(
                    Code.TOO_NEW,
                    "pool uses features this version does not know: incompat=0x" + Long.toHexString(incompat));
        }
        long roCompat = superblock.roCompatFeatures() & ~Superblock.KNOWN_RO_COMPAT;
        if (roCompat != 0) {
            return "pool uses features this version can only read: roCompat=0x" + Long.toHexString(roCompat);
        }
        if (!superblock.reservedIsZero() || !superblock.hasKnownState()) {
            throw corrupt(
                    (long) superblock.copyIndex() * Superblock.LENGTH, "reason=unknown state or reserved bytes in use");
        }
        return null;
    }

    private static CorruptSpaceException corrupt(long offset, String facts) {
        return new CorruptSpaceException(Code.NEEDS_CHECK, STRUCTURE, offset, facts);
    }
}
