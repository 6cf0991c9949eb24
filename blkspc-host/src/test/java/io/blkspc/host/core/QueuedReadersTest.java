package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.IoRole;
import io.blkspc.api.Pool;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.api.client.SpaceReads;
import io.blkspc.host.device.BackingDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** The same with reads that are under way for long: a block that one of them looks at is nobody else's until it is complete. */
class QueuedReadersTest extends CachedReadersTest {

    private static final int DEPTH = 8;

    @Override
    public BackingDevice newData(long dataBytes) {
        return new LateDevice(new SparseDevice(dataBytes));
    }

    @Override
    void read(Pool pool, int volume) {
        SplittableRandom random = new SplittableRandom(seed - volume);
        int[] blocks = new int[DEPTH];
        long[] atLeast = new long[DEPTH];
        boolean[] busy = new boolean[DEPTH];
        try (BlockSpace space = pool.open("v" + volume);
                SpaceIo io = SpaceIo.batched(space);
                Arena arena = Arena.ofConfined();
                SpaceReads reads = io.openReads(DEPTH)) {
            MemorySegment memory = arena.allocate((long) DEPTH * BLOCK, BLOCK);
            while (!isDone()) {
                int begun = 1 + random.nextInt(DEPTH);
                for (int tag = 0; tag < begun; tag++) {
                    if (!busy[tag]) {
                        blocks[tag] = random.nextInt(HOT);
                        atLeast[tag] = reported(volume, blocks[tag]);
                        busy[tag] =
                                reads.begin(tag, blocks[tag] * (long) BLOCK, BLOCK, memory, tag * (long) BLOCK, false);
                    }
                }
                LockSupport.parkNanos(1000); // others free these blocks, and would take them
                reads.await(-1);
                for (int tag = reads.poll(); tag != SpaceReads.NONE; tag = reads.poll()) {
                    assertThat(reads.failure()).isNull();
                    check(memory.asSlice(tag * (long) BLOCK, BLOCK), volume, blocks[tag], atLeast[tag]);
                    busy[tag] = false;
                }
            }
        }
    }

    @Test
    void failuresOfQueuedReadsAreCounted() {
        ReadErrors errors = new ReadErrors();
        MemorySegment memory = Arena.ofAuto().allocate(BLOCK);
        try (CountedReads reads = new CountedReads(new LateDevice(new SparseDevice(BLOCK)).openReadQueue(2), errors)) {
            reads.read(1, 4L * BLOCK, memory, 0, BLOCK, IoRole.DATA);
            assertThat(errors.count()).isZero();
            assertThat(reads.poll()).isEqualTo(1);
            assertThat(reads.failure()).isNotNull(); // beyond the end
            assertThat(reads.poll()).isEqualTo(CountedReads.NONE);
            assertThat(errors.count()).isEqualTo(1);
        }
    }
}
