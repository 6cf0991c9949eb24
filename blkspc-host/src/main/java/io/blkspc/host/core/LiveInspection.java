package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import java.util.List;
import java.util.function.Function;

/**
 * Looks at the metadata of a pool that is open and written to, each from one consistent point; checkpoints wait meanwhile. Any
 * thread, which does not hold the order lock.
 */
final class LiveInspection {

    private final Engine engine;
    private final PoolReading reading;
    private volatile boolean isEnding;

    LiveInspection(Engine engine, PoolReading reading) {
        this.engine = engine;
        this.reading = reading;
    }

    /** As {@link HostPool#inspect(long, boolean, Function)}. */
    <T> T inspect(long memoryBytes, boolean isDeep, Function<Inspection, T> examine) {
        return engine.checkpointer.holdStill(() ->
                examine.apply(reading.inspectLive(accounts(), isDeep ? this::durableMark : null, limit(memoryBytes))));
    }

    /** Bytes that destroying these versions, all of them, would give back. */
    long bytesFreedBy(List<String> names) {
        return Geometry.toBytes(engine.checkpointer.holdStill(() -> reading.askLive(
                accounts().sequence(), limit(Long.MAX_VALUE), inspection -> inspection.freedBy(names))));
    }

    /** From now on every look ends with {@code BUSY}: the pool is about to be closed. */
    void end() {
        isEnding = true;
    }

    private InspectionLimit limit(long memoryBytes) {
        return new InspectionLimit(memoryBytes, this::refuseWhenEnding);
    }

    private void refuseWhenEnding() {
        if (isEnding) {
            throw new BlockSpaceException(Code.BUSY, "pool is being closed");
        }
    }

    private Accounts accounts() {
        engine.lock.lock();
        try {
            return Accounts.of(engine);
        } finally {
            engine.lock.unlock();
        }
    }

    private long durableMark() {
        engine.lock.lock();
        try {
            return engine.persistence.durableMark();
        } finally {
            engine.lock.unlock();
        }
    }
}
