import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.Cookie;
import io.blkspc.api.DataChecksum;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.Pool;
import io.blkspc.api.Transfer;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import io.blkspc.host.PoolSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

/**
 * The smallest client that does its own IO: reserve, allocate, write, commit, put; map and read. What a file system does for each of
 * its transactions. {@code io.blkspc.api.client.SpaceIo} does the same for bytes at any offset.
 *
 * <pre>java @docs/jvm.args -cp .blkspc/blkspc.jar docs/OneWrite.java NEW-DIRECTORY</pre>
 */
public final class OneWrite {

    private static final int BLOCK = 4096;
    private static final long BUSY_NANOS = 5_000_000_000L;

    public static void main(String[] arguments) {
        Path directory = Path.of(arguments[0]);
        BlockSpaceHost.create(directory, new PoolSpec(256L << 20, null, 0, false, false));
        try (Pool pool = BlockSpaceHost.open(directory, HostConfig.offline())) {
            pool.create("fs", 64L << 20);
            try (BlockSpace fs = pool.open("fs");
                    Arena arena = Arena.ofConfined()) {
                MemorySegment block = arena.allocate(BLOCK); // transfers take native memory only
                write(fs, 8 * BLOCK, block.fill((byte) 'a')); // UNWRITTEN: fills a hole
                pool.clone("fs", List.of("copy"));
                write(fs, 8 * BLOCK, block.fill((byte) 'b')); // COW: the copy keeps its block
                fs.flush(); // until here a power cut may take it, the end of this process not
                try (BlockSpace copy = pool.open("copy")) {
                    System.out.printf("fs %c, copy %c%n", read(fs, 8 * BLOCK, block), read(copy, 8 * BLOCK, block));
                }
            }
        }
    }

    /** Writes one whole block; of a part of one, the rest would be read from the mapping's source first, or be zeros. */
    private static void write(BlockSpace space, long offsetBytes, MemorySegment block) {
        Cookie cookie = space.reserve(1, BLOCK); // out-of-space is told here, before anything is dirty
        try {
            Mapping mapping = new Mapping();
            Allocation answer = attempt(space, cookie, offsetBytes, block, mapping);
            while (answer == Allocation.BUSY) {
                space.awaitUnstaged(offsetBytes, BUSY_NANOS); // without a lease
                answer = attempt(space, cookie, offsetBytes, block, mapping);
            }
            if (answer == Allocation.NO_CREDIT) {
                throw new IllegalStateException("the transaction reserved too little");
            }
            System.out.println(answer + " " + mapping);
        } finally {
            cookie.put(); // the last reference: what was not spent goes back
        }
    }

    private static Allocation attempt(
            BlockSpace space, Cookie cookie, long offsetBytes, MemorySegment block, Mapping mapping) {
        try (Lease lease = space.writeLease()) {
            Allocation answer = space.allocate(cookie, offsetBytes, BLOCK, mapping);
            if (answer.isWritable()) {
                int checksum = new DataChecksum().update(block.asByteBuffer()).value();
                space.device().write(new Transfer().reset(mapping.deviceOffsetBytes()).add(block, 0, BLOCK), IoRole.DATA);
                if (answer.commitType() != null) { // IN_PLACE has nothing to commit; a host gives it to blocks it has settled
                    space.commit(cookie, answer.commitType(), new CommitBatch().add(offsetBytes, BLOCK, checksum));
                }
            }
            return answer;
        }
    }

    private static char read(BlockSpace space, long offsetBytes, MemorySegment block) {
        try (Lease lease = space.readLease()) {
            Mapping mapping = new Mapping();
            space.map(offsetBytes, BLOCK, mapping);
            if (mapping.state().readsZeros()) {
                return 0;
            }
            space.device().read(new Transfer().reset(mapping.deviceOffsetBytes()).add(block, 0, BLOCK), IoRole.DATA);
            return (char) block.get(ValueLayout.JAVA_BYTE, 0);
        }
    }
}
