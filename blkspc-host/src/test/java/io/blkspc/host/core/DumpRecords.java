package io.blkspc.host.core;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/** The records of a dump, written down from docs/format.md a second time and sharing nothing with the product. */
final class DumpRecords {

    private static final int HEADER = 32;
    private static final int[] FIELDS = {0, 4, 8, 16, 24, 28};

    /** One record, {@code length} with its header. */
    record Place(long offset, long length, int type) {}

    private DumpRecords() {}

    private static ByteBuffer view(byte[] dump) {
        return ByteBuffer.wrap(dump).order(ByteOrder.LITTLE_ENDIAN);
    }

    static List<Place> of(byte[] dump) {
        List<Place> places = new ArrayList<>();
        ByteBuffer view = view(dump);
        for (int at = 0; at < dump.length; ) {
            int length = HEADER + view.getInt(at + 28);
            places.add(new Place(at, length, view.getInt(at + 24)));
            at += length;
        }
        return places;
    }

    /** A byte of each field of the header, and some of the payload. */
    static List<Integer> fieldOffsets(Place place) {
        List<Integer> offsets = new ArrayList<>();
        for (int field : FIELDS) {
            offsets.add(field);
        }
        for (int at = HEADER; at < place.length(); at += at < 256 ? 8 : 4096) {
            offsets.add(at);
        }
        if (place.length() > HEADER) {
            offsets.add((int) place.length() - 1);
        }
        return offsets;
    }

    /** Where the payload has a field of eight bytes, or two of four. */
    static List<Integer> payloadWords(Place place) {
        long end = Math.min(place.length(), place.type() == 4 ? HEADER + 16 : HEADER + 160);
        List<Integer> words = new ArrayList<>();
        for (int at = HEADER; at + 8 <= end; at += 8) {
            words.add(at);
        }
        return words;
    }

    /** What else may stand there. */
    static List<Long> valuesFor(byte[] dump, Place place, int offset, SplittableRandom random) {
        long is = view(dump).getLong((int) place.offset() + offset);
        List<Long> values = new ArrayList<>(List.of(0L, is + 1, is + (1L << 32)));
        values.add(random.nextLong());
        values.remove(is);
        return values;
    }

    static byte[] with(byte[] dump, Place place, int offset, long value) {
        byte[] changed = dump.clone();
        view(changed).putLong((int) place.offset() + offset, value);
        seal(changed, place);
        return changed;
    }

    static void setDumpId(byte[] dump, Place place, long id) {
        view(dump).putLong((int) place.offset() + 8, id);
        seal(dump, place);
    }

    private static void seal(byte[] dump, Place place) {
        CRC32C crc = new CRC32C();
        crc.update(dump, (int) place.offset() + 8, (int) place.length() - 8);
        view(dump).putInt((int) place.offset() + 4, (int) crc.getValue());
    }

    static byte[] without(byte[] dump, Place place) {
        byte[] shorter = new byte[dump.length - (int) place.length()];
        int behind = (int) (place.offset() + place.length());
        System.arraycopy(dump, 0, shorter, 0, (int) place.offset());
        System.arraycopy(dump, behind, shorter, (int) place.offset(), dump.length - behind);
        return shorter;
    }

    /** Without a record of data, and with the numbers of all others, and the counts at the end, as if it had never been. */
    static byte[] asIfWithout(byte[] dump, Place place) {
        int blocks = view(dump).getInt((int) place.offset() + HEADER + 8);
        byte[] shorter = without(dump, place);
        List<Place> places = of(shorter);
        for (int i = 0; i < places.size(); i++) {
            Place each = places.get(i);
            if (each.offset() >= place.offset()) {
                long number = view(shorter).getLong((int) each.offset() + 16);
                view(shorter).putLong((int) each.offset() + 16, number - 1);
            }
            if (i == places.size() - 1) {
                int counts = (int) each.offset() + HEADER;
                view(shorter).putLong(counts, view(shorter).getLong(counts) - 1);
                view(shorter).putLong(counts + 16, view(shorter).getLong(counts + 16) - blocks);
            }
            seal(shorter, each);
        }
        return shorter;
    }

    static byte[] twice(byte[] dump, Place place) {
        int behind = (int) (place.offset() + place.length());
        byte[] longer = Arrays.copyOf(dump, dump.length + (int) place.length());
        System.arraycopy(dump, (int) place.offset(), longer, behind, dump.length - (int) place.offset());
        return longer;
    }
}
