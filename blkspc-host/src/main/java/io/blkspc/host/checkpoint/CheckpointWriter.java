package io.blkspc.host.checkpoint;

import io.blkspc.api.BlockSpaceException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * One checkpoint being written: what changed since the one before. Nothing of it counts until the root that {@link
 * #finish} returns is in the superblock. Not thread safe.
 *
 * <p>An exception of the device fails the whole store: it must be opened again from the last durable root.
 */
public final class CheckpointWriter {

    /** Charge copied per charge put, at most, while there is no hurry: pays for emptying segments two thirds full. */
    private static final int COPIES_PER_PUT = 3;

    private final SegmentStore store;
    private final long generation;
    private boolean segmentOpen;
    private long putCharge;

    CheckpointWriter(SegmentStore store, long generation) {
        this.store = store;
        this.generation = generation;
    }

    /** Generation the root will have. */
    public long generation() {
        return generation;
    }

    /** As {@link #put(ObjectKind, long, MemorySegment, long, int)} from the start of {@code image}. */
    public void put(ObjectKind kind, long id, MemorySegment image, int length) {
        put(kind, id, image, 0, length);
    }

    /** As {@link #put(ObjectKind, long, MemorySegment, long, int)} for what remains in {@code image}. */
    public void put(ObjectKind kind, long id, ByteBuffer image) {
        put(kind, id, MemorySegment.ofBuffer(image), 0, image.remaining());
    }

    /**
     * Stores an object, new or in place of its image so far. The bytes are copied before the call returns.
     *
     * @param id below 2^56
     * @param length 0 to {@link SegmentStore#maxValueBytes}
     * @throws BlockSpaceException {@code OUT_OF_SPACE} when the area is full, which cannot be when {@link
     *     SegmentStore#roomBytes} was asked before
     */
    public void put(ObjectKind kind, long id, MemorySegment image, long offset, int length) {
        store.requireCurrent(this);
        if (length < 0 || length > store.maxValueBytes()) {
            throw new IllegalArgumentException("no such image: kind=" + kind + ", id=" + id + ", length=" + length
                    + ", most=" + store.maxValueBytes());
        }
        long key = ObjectIndex.key(kind, id);
        append(key, kind, id, image, offset, length);
        putCharge += SegmentLayout.charge(length);
    }

    /**
     * Removes an object.
     *
     * @return {@code false} when there was none
     */
    public boolean remove(ObjectKind kind, long id) {
        store.requireCurrent(this);
        long location = store.index().remove(ObjectIndex.key(kind, id));
        if (location == ObjectIndex.MISSING) {
            return false;
        }
        store.kill(location);
        return true;
    }

    /**
     * Completes the checkpoint on the device, unforced. The caller forces the segment device, puts the root into both
     * superblock copies, and then calls {@link SegmentStore#committed}.
     */
    public CheckpointRoot finish() {
        store.requireCurrent(this);
        int wanted = store.freeTarget() - store.freeAfterCommit();
        if (wanted > 0) {
            long spare = Math.max(0, store.space().free() - SegmentLayout.RESERVE_SEGMENTS)
                    * store.layout().sureBytes();
            long paid = Math.max(COPIES_PER_PUT * putCharge, 2 * store.layout().sureBytes());
            evacuate(store.plan(wanted, Math.min(spare, paid)));
        }
        return complete();
    }

    /** Finishes without looking for more to copy. */
    CheckpointRoot complete() {
        boolean done = false;
        try {
            closeSegment();
            CheckpointRoot root = store.seal(generation);
            done = true;
            return root;
        } finally {
            store.failUnless(done);
        }
    }

    /** Copies every live image of the victims. */
    void evacuate(EvacuationPlan plan) {
        boolean done = false;
        try {
            for (int i = 0; i < plan.count(); i++) {
                evacuate(plan.victim(i));
            }
            done = true;
        } finally {
            store.failUnless(done);
        }
    }

    private void evacuate(int victim) {
        SegmentReader reader = store.reader();
        reader.readAll(victim);
        SegmentTable table = reader.table();
        for (int entry = 0; entry < table.count(); entry++) {
            if (store.directory().isLive(victim, entry)) {
                reader.verifyImage(entry);
                ObjectKind kind = reader.kind(entry);
                long id = table.entryId(entry);
                append(
                        ObjectIndex.key(kind, id),
                        kind,
                        id,
                        reader.memory(),
                        table.entryOffset(entry),
                        table.entryLength(entry));
            }
        }
    }

    private void append(long key, ObjectKind kind, long id, MemorySegment image, long offset, int length) {
        java.util.Objects.checkFromIndexSize(offset, length, image.byteSize());
        boolean done = false;
        try {
            SegmentStaging staging = store.staging();
            if (!segmentOpen || !staging.fits(length)) {
                closeSegment();
                openSegment();
            }
            int entry = staging.add(kind, id, image, offset, length);
            store.revive(key, ObjectIndex.location(staging.segment(), entry, length));
            done = true;
        } finally {
            store.failUnless(done);
        }
    }

    private void openSegment() {
        int segment = store.space().take();
        if (segment < 0) {
            throw BlockSpaceException.outOfSpace("area=checkpoint, live=" + store.liveBytes() + ", most="
                    + store.maxLiveBytes() + ", put=" + putCharge);
        }
        store.staging().open(segment, store.nextWriteNumber());
        segmentOpen = true;
    }

    private void closeSegment() {
        if (segmentOpen) {
            segmentOpen = false;
            store.staging().close(store.device(), generation, store.directory());
        }
    }
}
