package io.blkspc.host.core.crash;

import java.util.Arrays;
import java.util.SplittableRandom;

/** What can go wrong with one field. */
enum FieldVerb {
    ZERO,
    ONES,
    PLUS_ONE,
    MINUS_ONE,
    FIRST_BIT,
    MIDDLE_BIT,
    LAST_BIT,
    RANDOM,
    SWAPPED,
    /** The same field of another structure of its kind. */
    OF_ANOTHER,
    /** The same field as it was a while ago. */
    AS_BEFORE,
    /** The whole of another structure of its kind: misdirected. */
    ALL_OF_ANOTHER,
    /** The whole structure as it was a while ago: stale. */
    ALL_AS_BEFORE;

    boolean isOfWholeStructure() {
        return this == ALL_OF_ANOTHER || this == ALL_AS_BEFORE;
    }

    /** Does it where nothing but the field and its right neighbour is needed; {@code false} otherwise. */
    boolean changeInPlace(byte[] bytes, int at, int length, SplittableRandom random) {
        switch (this) {
            case ZERO -> Arrays.fill(bytes, at, at + length, (byte) 0);
            case ONES -> Arrays.fill(bytes, at, at + length, (byte) -1);
            case PLUS_ONE -> add(bytes, at, length, 1);
            case MINUS_ONE -> add(bytes, at, length, -1);
            case FIRST_BIT -> bytes[at] ^= (byte) 1;
            case MIDDLE_BIT -> bytes[at + length / 2] ^= (byte) 8;
            case LAST_BIT -> bytes[at + length - 1] ^= (byte) 128;
            case RANDOM -> {
                for (int i = 0; i < length; i++) {
                    bytes[at + i] = (byte) random.nextInt(256);
                }
            }
            case SWAPPED -> {
                int swapped = Math.min(length, bytes.length - at - length);
                byte[] field = Arrays.copyOfRange(bytes, at, at + swapped);
                System.arraycopy(bytes, at + length, bytes, at, swapped);
                System.arraycopy(field, 0, bytes, at + length, swapped);
            }
            case OF_ANOTHER, AS_BEFORE, ALL_OF_ANOTHER, ALL_AS_BEFORE -> {
                return false;
            }
        }
        return true;
    }

    /** Little-endian, modulo its length. */
    private static void add(byte[] bytes, int at, int length, int step) {
        int carry = step;
        for (int i = 0; i < length && carry != 0; i++) {
            int sum = (bytes[at + i] & 0xff) + carry;
            bytes[at + i] = (byte) sum;
            carry = sum >> 8;
        }
    }
}
