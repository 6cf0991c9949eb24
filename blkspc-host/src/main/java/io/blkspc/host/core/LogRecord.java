package io.blkspc.host.core;

import io.blkspc.host.journal.RecordReader;
import io.blkspc.host.journal.RecordType;
import io.blkspc.host.journal.RecordWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Payloads of the journal records that change the catalogue of versions. Little-endian; strings are a 2-byte length and
 * UTF-8; lists are a 4-byte count and their items. Mapping changes have their own payload, {@link ExtentsPayload}.
 *
 * <pre>
 *  CREATE    versionId u64, uuid 16, sizeBytes u64, createdMillis u64, guaranteeBlocks u64, limitBlocks u64, name
 *  SNAPSHOT  createdMillis u64, list of { headId u64, frozenId u64, uuid 16, name (empty = hidden) }
 *  CLONE     sourceId u64, hiddenId u64 (0 = none needed), hiddenUuid 16, createdMillis u64,
 *            guaranteeBlocks u64, limitBlocks u64, list of { versionId u64, uuid 16, name }
 *  DESTROY   list of { versionId u64 }
 *  RENAME    versionId u64, name; the snapshots of a volume go with it
 *  ROLLBACK  headId u64, snapshotId u64, keptId u64, keptUuid 16, createdMillis u64, keptName (empty = given up)
 *  RESIZE    versionId u64, sizeBytes u64, guaranteeBlocks u64
 *  HOLD      versionId u64, held u8 (1 = held, 0 = released), tag
 *  REAP      step u8, versionId u64, from u64, to u64
 *  MARK      empty: carries the mark in its header
 * </pre>
 */
sealed interface LogRecord {

    /** Type code in the record header. */
    RecordType type();

    /** Writes the payload. */
    void write(RecordWriter out);

    /** A new, empty volume. */
    record Create(
            long versionId,
            UUID uuid,
            long sizeBytes,
            long createdMillis,
            long guaranteeBlocks,
            long limitBlocks,
            String name)
            implements LogRecord {
        @Override
        public RecordType type() {
            return RecordType.CREATE;
        }

        @Override
        public void write(RecordWriter out) {
            out.putLong(versionId);
            putUuid(out, uuid);
            out.putLong(sizeBytes);
            out.putLong(createdMillis);
            out.putLong(guaranteeBlocks);
            out.putLong(limitBlocks);
            out.putUtf8(name);
        }

        static Create read(RecordReader in) {
            return new Create(
                    in.getLong(), readUuid(in), in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getUtf8());
        }
    }

    /** One volume of a (group) snapshot; without a name for a dump, which holds the moment as long as it is written. */
    record Frozen(long headId, long frozenId, UUID uuid, String name) {}

    /** Several volumes frozen at one moment. */
    record Snapshot(long createdMillis, List<Frozen> items) implements LogRecord {

        /** Payload before the items, and what an item without a name takes, in bytes. */
        static final int HEADER_BYTES = Long.BYTES + Integer.BYTES;

        static final int NAMELESS_BYTES = 4 * Long.BYTES + Short.BYTES;

        @Override
        public RecordType type() {
            return RecordType.SNAPSHOT;
        }

        @Override
        public void write(RecordWriter out) {
            out.putLong(createdMillis);
            out.putInt(items.size());
            for (Frozen item : items) {
                out.putLong(item.headId);
                out.putLong(item.frozenId);
                putUuid(out, item.uuid);
                out.putUtf8(item.name);
            }
        }

        static Snapshot read(RecordReader in) {
            long created = in.getLong();
            int count = in.getInt();
            List<Frozen> items = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                items.add(new Frozen(in.getLong(), in.getLong(), readUuid(in), in.getUtf8()));
            }
            return new Snapshot(created, items);
        }
    }

    /** One new head. */
    record Target(long versionId, UUID uuid, String name) {}

    /** New heads that share everything with one version. */
    record Clone(
            long sourceId,
            long hiddenId,
            UUID hiddenUuid,
            long createdMillis,
            long guaranteeBlocks,
            long limitBlocks,
            List<Target> targets)
            implements LogRecord {
        @Override
        public RecordType type() {
            return RecordType.CLONE;
        }

        @Override
        public void write(RecordWriter out) {
            out.putLong(sourceId);
            out.putLong(hiddenId);
            putUuid(out, hiddenUuid);
            out.putLong(createdMillis);
            out.putLong(guaranteeBlocks);
            out.putLong(limitBlocks);
            out.putInt(targets.size());
            for (Target target : targets) {
                out.putLong(target.versionId);
                putUuid(out, target.uuid);
                out.putUtf8(target.name);
            }
        }

        static Clone read(RecordReader in) {
            long source = in.getLong();
            long hidden = in.getLong();
            UUID hiddenUuid = readUuid(in);
            long created = in.getLong();
            long guarantee = in.getLong();
            long limit = in.getLong();
            int count = in.getInt();
            List<Target> targets = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                targets.add(new Target(in.getLong(), readUuid(in), in.getUtf8()));
            }
            return new Clone(source, hidden, hiddenUuid, created, guarantee, limit, targets);
        }
    }

    /** Versions lose their names. */
    record Destroy(List<Long> versionIds) implements LogRecord {
        @Override
        public RecordType type() {
            return RecordType.DESTROY;
        }

        @Override
        public void write(RecordWriter out) {
            out.putInt(versionIds.size());
            for (long id : versionIds) {
                out.putLong(id);
            }
        }

        static Destroy read(RecordReader in) {
            int count = in.getInt();
            List<Long> ids = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                ids.add(in.getLong());
            }
            return new Destroy(ids);
        }
    }

    /** A version, and the snapshots of a volume, get another name. */
    record Rename(long versionId, String name) implements LogRecord {
        @Override
        public RecordType type() {
            return RecordType.RENAME;
        }

        @Override
        public void write(RecordWriter out) {
            out.putLong(versionId);
            out.putUtf8(name);
        }

        static Rename read(RecordReader in) {
            return new Rename(in.getLong(), in.getUtf8());
        }
    }

    /** A head goes back to a snapshot; what it held until then becomes another version. */
    record Rollback(long headId, long snapshotId, long keptId, UUID keptUuid, long createdMillis, String keptName)
            implements LogRecord {
        @Override
        public RecordType type() {
            return RecordType.ROLLBACK;
        }

        @Override
        public void write(RecordWriter out) {
            out.putLong(headId);
            out.putLong(snapshotId);
            out.putLong(keptId);
            putUuid(out, keptUuid);
            out.putLong(createdMillis);
            out.putUtf8(keptName);
        }

        static Rollback read(RecordReader in) {
            return new Rollback(in.getLong(), in.getLong(), in.getLong(), readUuid(in), in.getLong(), in.getUtf8());
        }
    }

    /** A volume has another size; what it maps beyond it is given up in records that follow. */
    record Resize(long versionId, long sizeBytes, long guaranteeBlocks) implements LogRecord {
        @Override
        public RecordType type() {
            return RecordType.RESIZE;
        }

        @Override
        public void write(RecordWriter out) {
            out.putLong(versionId);
            out.putLong(sizeBytes);
            out.putLong(guaranteeBlocks);
        }

        static Resize read(RecordReader in) {
            return new Resize(in.getLong(), in.getLong(), in.getLong());
        }
    }

    /** A snapshot is held under a tag, or no more. */
    record Hold(long versionId, boolean held, String tag) implements LogRecord {
        @Override
        public RecordType type() {
            return RecordType.HOLD;
        }

        @Override
        public void write(RecordWriter out) {
            out.putLong(versionId);
            out.putByte(held ? 1 : 0);
            out.putUtf8(tag);
        }

        static Hold read(RecordReader in) {
            return new Hold(in.getLong(), in.getByte() != 0, in.getUtf8());
        }
    }

    /** One step of the reaper. */
    record Reap(Step step, long versionId, long from, long to) implements LogRecord {

        /** What a step does. Codes are part of the format: never reuse one. */
        enum Step {
            /** Frees what a childless hidden version owns in logical blocks from..to. */
            WALK(0),
            /** Removes a childless version that was walked to its end. */
            REMOVE(1),
            /** Joins a hidden version into its only child. */
            MERGE(2),
            /** Sorts entries from..to of the deadlist that a merge set aside. */
            SORT(3),
            /** Takes a childless hidden version from its parent. */
            DETACH(4),
            /** Gives up what all children of a hidden version have given up, below key {@code to}. */
            GIVE_UP(5);

            private final int code;

            /** {@code true} when it changes which versions there are and what grew from what. */
            boolean changesVersions() {
                return this == REMOVE || this == MERGE || this == DETACH;
            }

            Step(int code) {
                this.code = code;
            }

            private static Step of(int code) {
                for (Step step : values()) {
                    if (step.code == code) {
                        return step;
                    }
                }
                throw new io.blkspc.api.CorruptSpaceException(
                        io.blkspc.api.BlockSpaceException.Code.NEEDS_CHECK, "reap record", 0, "step=" + code);
            }
        }

        @Override
        public RecordType type() {
            return RecordType.REAP;
        }

        @Override
        public void write(RecordWriter out) {
            out.putByte(step.code);
            out.putLong(versionId);
            out.putLong(from);
            out.putLong(to);
        }

        static Reap read(RecordReader in) {
            return new Reap(Step.of(in.getByte()), in.getLong(), in.getLong(), in.getLong());
        }
    }

    /** Reads the payload of a catalogue record. */
    static LogRecord read(RecordType type, RecordReader in) {
        return switch (type) {
            case CREATE -> Create.read(in);
            case SNAPSHOT -> Snapshot.read(in);
            case CLONE -> Clone.read(in);
            case DESTROY -> Destroy.read(in);
            case REAP -> Reap.read(in);
            case RENAME -> Rename.read(in);
            case ROLLBACK -> Rollback.read(in);
            case RESIZE -> Resize.read(in);
            case HOLD -> Hold.read(in);
            default ->
                throw new io.blkspc.api.CorruptSpaceException(
                        io.blkspc.api.BlockSpaceException.Code.NEEDS_CHECK, "journal record", 0, "type=" + type);
        };
    }

    private static void putUuid(RecordWriter out, UUID uuid) {
        out.putLong(uuid.getMostSignificantBits());
        out.putLong(uuid.getLeastSignificantBits());
    }

    private static UUID readUuid(RecordReader in) {
        return new UUID(in.getLong(), in.getLong());
    }
}
