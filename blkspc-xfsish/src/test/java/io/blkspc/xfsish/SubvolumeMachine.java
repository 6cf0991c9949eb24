package io.blkspc.xfsish;

import static io.blkspc.xfsish.Bytes.BLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.contract.ContractHost;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.PoolAudit;
import io.blkspc.api.contract.TestIo;
import io.blkspc.xfsish.SubvolumeProperties.Step;
import io.blkspc.xfsish.transaction.Transaction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A subvolume beside what is known of it: for each block the versions that ended transactions made since it was last known
 * to be written, newest last. What dies with a shutdown or a kill is any suffix of that list, for each block.
 */
final class SubvolumeMachine implements AutoCloseable {

    static final int BLOCKS = 48;
    private static final int DIRTY_LIMIT = 12;
    private static final int TRANSACTION_BLOCKS = 6;
    private static final int MAX_SNAPSHOTS = 4;

    private final Fixture fixture;
    private final List<List<byte[]>> versions = new ArrayList<>();
    /** Snapshots of a frozen subvolume: their whole content is known. */
    private final Map<String, byte[]> snapshots = new TreeMap<>();

    private final Map<Integer, byte[]> changes = new HashMap<>();
    private BlockSpace space;
    private Subvolume subvolume;
    private Transaction transaction;
    private List<Cookie> fillers = List.of();
    private int names;
    private int seeds;

    SubvolumeMachine(ContractHost host) {
        this.fixture = host.fixture(2L << 20);
        for (int block = 0; block < BLOCKS; block++) {
            versions.add(new ArrayList<>(List.of(new byte[BLOCK])));
        }
        open();
    }

    private void open() {
        space = fixture.space();
        subvolume = Subvolume.open(space, new SubvolumeConfig(DIRTY_LIMIT, 4));
    }

    void step(Step step) {
        switch (step.kind()) {
            case BEGIN -> begin(step);
            case WRITE -> write(step);
            case COMMIT -> commit();
            case READ -> read(step);
            case SYNC -> sync(0, BLOCKS);
            case SYNC_RANGE -> sync(step.block(), Math.min(BLOCKS, step.block() + step.count()));
            case WRITE_BACK -> subvolume.writeBack();
            case SNAPSHOT -> snapshot(null);
            case FROZEN_SNAPSHOT -> frozenSnapshot();
            case DESTROY_SNAPSHOT -> destroySnapshot();
            case FLUSH_POOL -> fixture.pool().flush();
            case FILL_POOL -> fill();
            case SHUT_DOWN -> shutDown();
            case KILL -> kill();
            default -> throw new AssertionError(step);
        }
    }

    private void begin(Step step) {
        if (transaction != null) {
            return;
        }
        int blocks = 1 + step.extra() % TRANSACTION_BLOCKS;
        int window = BLOCK << (step.extra() % 3);
        try {
            transaction = subvolume.begin(blocks, window, blocks);
        } catch (BlockSpaceException e) {
            assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE);
        }
    }

    /** Touches up to the blocks it was begun for; more is refused and leaves everything as it is. */
    private void write(Step step) {
        if (transaction == null) {
            return;
        }
        int first = step.block() * BLOCK + step.extra() % BLOCK;
        int length = Math.min(step.count() * 1500, BLOCKS * BLOCK - first);
        byte[] data = Fixture.bytes(++seeds, length);
        for (int done = 0; done < length; ) {
            int at = first + done;
            int part = Math.min(length - done, BLOCK - at % BLOCK);
            try {
                transaction.write(at, Bytes.of(data), done, part);
            } catch (IllegalStateException e) {
                return;
            }
            byte[] block = changes.computeIfAbsent(at / BLOCK, b -> newest(b).clone());
            System.arraycopy(data, done, block, at % BLOCK, part);
            done += part;
        }
    }

    private byte[] newest(int block) {
        return versions.get(block).getLast();
    }

    private void commit() {
        if (transaction != null) {
            transaction.commit();
            transaction = null;
            changes.forEach((block, bytes) -> versions.get(block).add(bytes));
            changes.clear();
        }
    }

    private void read(Step step) {
        commit();
        int count = Math.min(step.count() * 3, BLOCKS - step.block());
        byte[] seen = Bytes.read(subvolume, (long) step.block() * BLOCK, count * BLOCK);
        for (int i = 0; i < count; i++) {
            byte[] block = Arrays.copyOfRange(seen, i * BLOCK, (i + 1) * BLOCK);
            assertThat(block).as("block %d", step.block() + i).isEqualTo(newest(step.block() + i));
        }
    }

    private void sync(int first, int end) {
        commit();
        subvolume.sync((long) first * BLOCK, (long) (end - first) * BLOCK);
        for (int block = first; block < end; block++) {
            versions.set(block, new ArrayList<>(List.of(newest(block))));
        }
    }

    private void snapshot(byte[] content) {
        if (fixture.pool().list().size() > MAX_SNAPSHOTS) {
            return;
        }
        String name = Fixture.VOLUME + "@s" + names++;
        try {
            fixture.pool().snapshot(List.of(name));
        } catch (BlockSpaceException e) {
            assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE); // cannot be covered: refused before anything changed
            return;
        }
        if (content != null) {
            snapshots.put(name, content);
        }
    }

    private void frozenSnapshot() {
        commit();
        byte[] content = new byte[BLOCKS * BLOCK];
        for (int block = 0; block < BLOCKS; block++) {
            System.arraycopy(newest(block), 0, content, block * BLOCK, BLOCK);
        }
        try (Freeze _ = subvolume.freeze()) {
            snapshot(content);
        }
    }

    private void destroySnapshot() {
        if (!snapshots.isEmpty()) {
            String name = snapshots.keySet().iterator().next();
            snapshots.remove(name);
            fixture.pool().destroy(List.of(name), true);
            fixture.pool().awaitReclaim();
        }
    }

    /** Another client takes all space, or gives it back. */
    private void fill() {
        if (fillers.isEmpty()) {
            fillers = fixture.drain(space);
        } else {
            letGo();
        }
    }

    private void letGo() {
        fillers.forEach(Cookie::put);
        fillers = List.of();
    }

    private void shutDown() {
        subvolume.shutDown();
        forgetTransaction();
        letGo();
        assertThat(fixture.status().reservedBytes()).isZero();
        space.close();
        open();
        adopt();
    }

    private void forgetTransaction() {
        if (transaction != null) {
            transaction.close();
            transaction = null;
            changes.clear();
        }
    }

    private void kill() {
        fillers = List.of(); // they die with the process
        transaction = null;
        changes.clear();
        fixture.kill();
        assertThat(fixture.status().reservedBytes()).isZero();
        open();
        adopt();
    }

    /** What was not synced holds one of its versions; from now on that one. */
    private void adopt() {
        byte[] seen = new TestIo(space).read(0, BLOCKS * BLOCK);
        for (int block = 0; block < BLOCKS; block++) {
            byte[] bytes = Arrays.copyOfRange(seen, block * BLOCK, (block + 1) * BLOCK);
            assertThat(versions.get(block))
                    .as("versions of block %d", block)
                    .anySatisfy(version -> assertThat(version).isEqualTo(bytes));
            versions.set(block, new ArrayList<>(List.of(bytes)));
        }
    }

    void finish() {
        sync(0, BLOCKS);
        letGo();
        assertThat(subvolume.dirtyBlocks()).isZero();
        assertThat(fixture.status().reservedBytes()).isZero();
        subvolume.close();
        adopt();
        snapshots.forEach((name, content) ->
                assertThat(fixture.io(name).read(0, content.length)).as(name).isEqualTo(content));
        fixture.closeSpaces();
        new PoolAudit(fixture.pool()).check(fixture.pool(), Set.of());
    }

    @Override
    public void close() {
        fixture.close();
    }
}
