package io.blkspc.host.core;

import io.blkspc.host.alloc.FreeSpace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The free blocks as checkpoint objects, written at a clean stop only: after any other stop they are worked out again.
 *
 * <pre>
 *  FREEMAP object, id = page number: {@value #PAGE_BYTES} bytes, 512 words u64 little-endian; bit b of word w is block
 *  page * {@value #PAGE_BLOCKS} + 64 * w + b, 1 = in use. A page without a block in use is not stored.
 * </pre>
 */
final class FreeMapImage {

    static final int PAGE_BYTES = 4096;
    static final int PAGE_WORDS = PAGE_BYTES / Long.BYTES;
    static final int PAGE_BLOCKS = PAGE_BYTES * Byte.SIZE;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private FreeMapImage() {}

    static int pages(FreeSpace space) {
        return Math.ceilDiv(space.wordCount(), PAGE_WORDS);
    }

    /** Fills {@code to} with a page; {@code false} when nothing in it is in use. */
    static boolean encode(FreeSpace space, int page, MemorySegment to) {
        boolean used = false;
        for (int i = 0; i < PAGE_WORDS; i++) {
            int index = page * PAGE_WORDS + i;
            long word = index < space.wordCount() ? space.word(index) : 0;
            used |= word != 0;
            to.set(LONG, (long) i * Long.BYTES, word);
        }
        return used;
    }

    /** Marks the blocks of a page as used; {@code false} when the image makes no sense. */
    static boolean load(FreeSpace space, long page, MemorySegment memory, long offset, int length) {
        if (length != PAGE_BYTES || page < 0 || page >= pages(space)) {
            return false;
        }
        for (int i = 0; i < PAGE_WORDS; i++) {
            long word = memory.get(LONG, offset + (long) i * Long.BYTES);
            long block = page * PAGE_BLOCKS + (long) i * Long.SIZE;
            while (word != 0) {
                int first = Long.numberOfTrailingZeros(word);
                int run = Long.numberOfTrailingZeros(~(word >>> first));
                if (block + first + run > space.blockCount()) {
                    return false;
                }
                space.markUsed(block + first, run);
                word &= run == Long.SIZE ? 0 : ~(((1L << run) - 1) << first);
            }
        }
        return true;
    }
}
