package io.blkspc.host.core.crash;

import io.blkspc.host.core.JournalImage;
import io.blkspc.host.core.JournalImage.Found;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** The fields of journal records, header and payload, written down from docs/format a second time. */
final class RecordFields {

    private static final int[] HEADER = {4, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 2, 2, 4, 4, 28};
    private static final int[] EXTENTS_ENTRY = {4, 4, 8, 4, 4};
    private static final int TEXT = 0; // a 2-byte length and that many bytes
    private static final int MAX_ITEMS = 2;

    private final ByteBuffer ring;
    private final List<int[]> places = new ArrayList<>();
    private int at;

    private RecordFields(byte[] ring, int at) {
        this.ring = ByteBuffer.wrap(ring).order(ByteOrder.LITTLE_ENDIAN);
        this.at = at;
    }

    /** Offset in the ring and length of each field; of lists the first two items, and last what fills the record up. */
    static List<int[]> of(byte[] ring, Found record) {
        RecordFields fields = new RecordFields(ring, record.at());
        fields.add(HEADER);
        fields.payload(record);
        int payloadEnd = record.at() + JournalImage.HEADER_BYTES + record.payloadLength();
        int end = record.at() + record.totalLength();
        if (payloadEnd < end) {
            fields.places.add(new int[] {payloadEnd, end - payloadEnd});
        }
        return fields.places;
    }

    /** The type, and what of it is not in all records of the type. */
    static String shape(byte[] ring, Found record) {
        ByteBuffer view = ByteBuffer.wrap(ring).order(ByteOrder.LITTLE_ENDIAN);
        int payload = record.at() + JournalImage.HEADER_BYTES;
        return switch (record.type()) {
            case SNAPSHOT -> view.getShort(payload + 44) == 0 ? "SNAPSHOT without names" : "SNAPSHOT";
            case ROLLBACK -> view.getShort(payload + 48) == 0 ? "ROLLBACK that keeps nothing" : "ROLLBACK";
            case REAP -> "REAP step " + ring[payload];
            default -> record.type().name();
        };
    }

    private void payload(Found record) {
        switch (record.type()) {
            case EXTENTS -> {
                add(8, 8);
                int count = ring.getInt(at);
                add(4, 4);
                for (int i = 0; i < Math.min(count, MAX_ITEMS); i++) {
                    add(EXTENTS_ENTRY);
                }
            }
            case CREATE -> add(8, 8, 8, 8, 8, 8, 8, TEXT);
            case SNAPSHOT -> {
                add(8);
                items(8, 8, 8, 8, TEXT);
            }
            case CLONE -> {
                add(8, 8, 8, 8, 8, 8, 8);
                items(8, 8, 8, TEXT);
            }
            case DESTROY -> items(8);
            case RENAME -> add(8, TEXT);
            case ROLLBACK -> add(8, 8, 8, 8, 8, 8, TEXT);
            case RESIZE -> add(8, 8, 8);
            case HOLD -> add(8, 1, TEXT);
            case REAP -> add(1, 8, 8, 8);
            case MARK, PAD -> {}
        }
    }

    private void items(int... item) {
        int count = ring.getInt(at);
        add(4);
        for (int i = 0; i < Math.min(count, MAX_ITEMS); i++) {
            add(item);
        }
    }

    private void add(int... lengths) {
        for (int length : lengths) {
            if (length == TEXT) {
                int bytes = ring.getShort(at);
                place(2);
                place(bytes);
            } else {
                place(length);
            }
        }
    }

    private void place(int length) {
        if (length > 0) {
            places.add(new int[] {at, length});
            at += length;
        }
    }
}
