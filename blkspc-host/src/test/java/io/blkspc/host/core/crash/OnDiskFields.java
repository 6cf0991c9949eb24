package io.blkspc.host.core.crash;

import io.blkspc.host.sim.SimDisk;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where each structure lies on the devices of a pool and which fields it has, written down from docs/format.md a second time and
 * sharing nothing with the product.
 */
final class OnDiskFields {

    private static final int SUPERBLOCK_BYTES = 4096;
    private static final int PAGE_BYTES = 4096;
    private static final int SECTOR = 512;
    private static final long TABLE_MAGIC = 0x4753_4350_534b_4c42L;
    private static final int PAGE_MAGIC = 0x52444b42;
    private static final String[] KINDS = {"", "node", "version", "deadlist", "free map", "pool"};

    /** Lengths of the fields from the start of the structure; a negative one is a gap. */
    private static final int[] SUPERBLOCK = {
        8, 4, 4, 8, 8, 8, 8, 8, 8, 4, 4, 8, 8, 8, 8, 8, 4, 4, 8, 8, 8, 8, 8, 8, // the root of the checkpoint follows
        8, 8, 8, 8, 4, 4, 4, 4, 8, 8, 8, 8, 8, -2000, 8
    };

    private static final int[] DATA_LABEL = {8, 4, 4, 8, 8, 8, 8, -2000, 8};
    private static final int GENERATION_OFFSET = 56;
    private static final int STATE_OFFSET = 64;
    private static final int STATE_CLEAN = 1;
    private static final int DATA_LABEL_OFFSET = 232;

    private static final int[] PAGE = {4, 4, 8, 8, 4, 4, 8, 4, 2, 2, 4, 4};
    private static final int[] TABLE = {8, 4, 4, 8, 8, 8, 8, 4, 4, 8, 8, 4, 4, 4, 1, 3, 8, 4, 4, 4, 1, 3};
    private static final int[] NODE = {4, 4, 8, 8, 1, 1, 2, 4, 8, 8, 4, 8, 4, -1000, 8, 4};
    /** The name follows, then a tail or tags. */
    private static final int[] VERSION = {8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 2};

    private static final int FREEZE_EPOCH_OFFSET = 24;
    private static final int FIRST_GONE_OFFSET = 104;
    private static final int NAME_OFFSET = 144;
    private static final int SET_ASIDE_OFFSET = 56;
    private static final int SET_ASIDE_GONE_OFFSET = 64;
    private static final int[] POOL = {8, 8, 8, 8, 8, 8, 8, 8, 8};
    private static final int[] DEADLIST = {8, 4, 4, 8, 8};
    private static final int[] FREE_MAP = {8, 8, -1000, 8};

    /**
     * One structure in its place.
     *
     * @param role the structure, or for what it is there, where a structure serves several purposes
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
    record Instance(String structure, String role, String device, int at, int length, int[] fields) {

        /** Offset and length of each field, as far as the structure reaches. */
        List<int[]> places() {
            List<int[]> places = new ArrayList<>();
            int offset = at;
            for (int field : fields) {
                if (field > 0 && offset + field <= at + length) {
                    places.add(new int[] {offset, field});
                }
                offset += Math.abs(field);
            }
            return places;
        }

        /** {@code version of a head with a tail}, {@code version with tags} and so on: what not every one of its kind has. */
        String shape() {
            return structure.equals("version") && fields.length > VERSION.length + 1
                    ? fields[VERSION.length + 1] == Long.BYTES ? "version with a tail" : "version with tags"
                    : role;
        }
    }

    private OnDiskFields() {}

    static List<Instance> of(SimDisk disk) {
        List<Instance> found = new ArrayList<>();
        for (int copy = 0; copy < 2; copy++) {
            found.add(new Instance(
                    "superblock", "superblock", "superblock", copy * SUPERBLOCK_BYTES, SUPERBLOCK_BYTES, SUPERBLOCK));
        }
        addDataLabel(disk, found);
        int size = (int) disk.device("segments").sizeBytes();
        ByteBuffer segments =
                ByteBuffer.wrap(disk.device("segments").peek(0, size)).order(ByteOrder.LITTLE_ENDIAN);
        Map<Long, String> lists = lists(segments, size);
        for (int at = 0; at + SECTOR <= size; at += SECTOR) {
            if (segments.getLong(at) == TABLE_MAGIC) {
                addSegment(segments, at, lists, found);
            } else if (at % PAGE_BYTES == 0 && segments.getInt(at) == PAGE_MAGIC) {
                found.add(new Instance("directory page", "directory page", "segments", at, PAGE_BYTES, PAGE));
            }
        }
        return found;
    }

    /** Where the newer superblock says that it is. */
    private static void addDataLabel(SimDisk disk, List<Instance> found) {
        ByteBuffer copies = ByteBuffer.wrap(disk.device("superblock").peek(0, 2 * SUPERBLOCK_BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        int copy = copies.getLong(GENERATION_OFFSET) > copies.getLong(SUPERBLOCK_BYTES + GENERATION_OFFSET)
                ? 0
                : SUPERBLOCK_BYTES;
        long block = copies.getLong(copy + DATA_LABEL_OFFSET) - 1;
        if (copies.getInt(copy + STATE_OFFSET) == STATE_CLEAN && block >= 0) {
            int at = (int) block * PAGE_BYTES;
            found.add(new Instance("data label", "data label", "data", at, PAGE_BYTES, DATA_LABEL));
        }
    }

    /** By the number of the first chunk: what lists are that are not the deadlist of a version. */
    private static Map<Long, String> lists(ByteBuffer segments, int size) {
        Map<Long, String> lists = new HashMap<>();
        for (int at = 0; at + SECTOR <= size; at += SECTOR) {
            int count = segments.getLong(at) == TABLE_MAGIC ? segments.getInt(at + 48) : 0;
            for (int i = 0; i < count; i++) {
                int entry = at + 64 + 24 * i;
                int object = at + segments.getInt(entry + 12);
                if (segments.get(entry + 20) == 2) {
                    lists.putIfAbsent(segments.getLong(object + FIRST_GONE_OFFSET), "deadlist of what is gone");
                } else if (segments.get(entry + 20) == 5) {
                    lists.put(segments.getLong(object + SET_ASIDE_OFFSET), "deadlist set aside");
                    lists.put(segments.getLong(object + SET_ASIDE_GONE_OFFSET), "deadlist of what is gone, set aside");
                }
            }
        }
        return lists;
    }

    private static int[] version(ByteBuffer segments, int at, int length) {
        int[] fields = java.util.Arrays.copyOf(VERSION, 64);
        int count = VERSION.length;
        int nameBytes = segments.getShort(at + NAME_OFFSET);
        int offset = NAME_OFFSET + Short.BYTES + nameBytes;
        if (nameBytes > 0) {
            fields[count++] = nameBytes;
        }
        boolean isHead = segments.getLong(at + FREEZE_EPOCH_OFFSET) == 0;
        while (offset < length && count + 2 < fields.length) {
            if (isHead) {
                fields[count++] = Long.BYTES;
                offset += Long.BYTES;
            } else {
                int tagBytes = segments.getShort(at + offset);
                fields[count++] = Short.BYTES;
                fields[count++] = tagBytes;
                offset += Short.BYTES + tagBytes;
            }
        }
        return java.util.Arrays.copyOf(fields, count);
    }

    private static void addSegment(ByteBuffer segments, int at, Map<Long, String> lists, List<Instance> found) {
        int count = segments.getInt(at + 48);
        found.add(new Instance("segment table", "segment table", "segments", at, 64 + 24 * count, TABLE));
        for (int i = 0; i < count; i++) {
            int entry = at + 64 + 24 * i;
            int kind = segments.get(entry + 20);
            int[] fields = switch (kind) {
                case 1 -> NODE;
                case 2 -> version(segments, at + segments.getInt(entry + 12), segments.getInt(entry + 16));
                case 3 -> DEADLIST;
                case 4 -> FREE_MAP;
                default -> POOL;
            };
            String role = kind == 3 ? lists.getOrDefault(segments.getLong(entry), KINDS[kind]) : KINDS[kind];
            found.add(new Instance(
                    KINDS[kind],
                    role,
                    "segments",
                    at + segments.getInt(entry + 12),
                    segments.getInt(entry + 16),
                    fields));
        }
    }
}
