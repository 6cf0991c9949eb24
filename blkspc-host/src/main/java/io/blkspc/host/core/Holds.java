package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.journal.RecordWriter;
import io.blkspc.host.journal.Superblock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Tags that keep snapshots from being destroyed: one record each, durable before it returns (contract D5). */
@SuppressWarnings("checkstyle:IllegalCatch") // half a change ends all writing (D18)
final class Holds {

    /** Log bytes of a version that is held, and the most its tags may take. */
    static final int LOG_BYTES = 1024;

    private static final int PAYLOAD_BYTES = 256;

    private final Engine engine;
    private final RecordWriter writer = new RecordWriter();
    private final MemorySegment buffer = Arena.ofAuto().allocate(PAYLOAD_BYTES, 8);

    Holds(Engine engine) {
        this.engine = engine;
    }

    void change(String tag, String snapshot, boolean held) {
        Names.checkVolume(tag);
        Names.checkSnapshot(snapshot);
        engine.checkpointer.require(Superblock.INCOMPAT_HELD_SNAPSHOTS);
        engine.lock.lock();
        try {
            engine.prepareRecord(PAYLOAD_BYTES);
            engine.checkWritable();
            Version version = engine.catalogue.require(snapshot);
            judge(version, tag, held);
            LogRecord.Hold record = new LogRecord.Hold(version.id, held, tag);
            takeRoom(version, held);
            record.write(writer.wrap(buffer, 0));
            engine.append(record.type(), buffer, writer.length());
            engine.catalogue.hold(record);
            if (version.holds.isEmpty()) {
                engine.ledger.use(Resource.LOG_BYTES, -LOG_BYTES);
            }
        } catch (RuntimeException | Error e) {
            if (!(e instanceof BlockSpaceException)) {
                engine.fail(e);
            }
            throw e;
        } finally {
            engine.lock.unlock();
        }
        engine.persistence.forceJournal();
    }

    private static void judge(Version version, String tag, boolean held) {
        if (held == version.holds.contains(tag)) {
            throw held
                    ? new BlockSpaceException(Code.EXISTS, "held already: name=" + version.name + ", tag=" + tag)
                    : new BlockSpaceException(Code.NOT_FOUND, "not held: name=" + version.name + ", tag=" + tag);
        }
        int bytes = tag.length() + Short.BYTES;
        for (String other : version.holds) {
            bytes += other.length() + Short.BYTES;
        }
        if (held && bytes > LOG_BYTES) {
            throw new BlockSpaceException(
                    Code.LIMIT, "too many tags: name=" + version.name + ", bytes=" + bytes + ", most=" + LOG_BYTES);
        }
    }

    private void takeRoom(Version version, boolean held) {
        if (held && version.holds.isEmpty()) {
            if (!engine.ledger.tryPromise(0, 0, LOG_BYTES)) {
                throw BlockSpaceException.outOfSpace(engine.ledger.facts(0, 0, LOG_BYTES));
            }
            engine.ledger.draw(Resource.LOG_BYTES, LOG_BYTES);
        }
    }

    /** Refuses to destroy what is held. Under the order lock. */
    static void requireNone(Version version) {
        if (!version.holds.isEmpty()) {
            throw new BlockSpaceException(
                    Code.BUSY, "snapshot is held: name=" + version.name + ", tags=" + version.holds);
        }
        if (version.dumps > 0) {
            throw new BlockSpaceException(Code.BUSY, "snapshot is being dumped: name=" + version.name);
        }
    }
}
