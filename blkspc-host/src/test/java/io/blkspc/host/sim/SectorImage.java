package io.blkspc.host.sim;

import java.util.Arrays;

/**
 * A sparse array of bytes whose copy is cheap: pages of 4 KiB in chunks of 128, both shared after {@link #copy} until one
 * side writes. What was never written reads as zeros. Owned by one thread at a time.
 */
@SuppressWarnings("ReferenceEquality") // ownership is about the very object
final class SectorImage {

    static final int SECTOR_BYTES = 512;

    private static final int PAGE_SHIFT = 12;
    private static final int PAGE_BYTES = 1 << PAGE_SHIFT;
    private static final int CHUNK_SHIFT = 7;
    private static final int CHUNK_PAGES = 1 << CHUNK_SHIFT;

    private Chunk[] chunks;
    // Pages and chunks with this token are ours alone; replaced on copy, so that all become shared at once.
    private Object owner = new Object();

    SectorImage(long sizeBytes) {
        this(
                new Chunk
                        [Math.toIntExact(
                                (sizeBytes + (1L << (PAGE_SHIFT + CHUNK_SHIFT)) - 1) >> (PAGE_SHIFT + CHUNK_SHIFT))]);
    }

    private SectorImage(Chunk[] chunks) {
        this.chunks = chunks;
    }

    private static final class Chunk {
        final Object owner;
        final Page[] pages;

        Chunk(Object owner, Page[] pages) {
            this.owner = owner;
            this.pages = pages;
        }
    }

    private static final class Page {
        final Object owner;
        final byte[] bytes;

        Page(Object owner, byte[] bytes) {
            this.owner = owner;
            this.bytes = bytes;
        }
    }

    /** Adds zeros behind the end. */
    void grow(long newSizeBytes) {
        chunks = Arrays.copyOf(chunks, new SectorImage(newSizeBytes).chunks.length);
    }

    SectorImage copy() {
        owner = new Object();
        return new SectorImage(chunks.clone());
    }

    void read(long offset, byte[] into, int start, int length) {
        while (length > 0) {
            int inPage = (int) (offset & (PAGE_BYTES - 1));
            int n = Math.min(length, PAGE_BYTES - inPage);
            byte[] page = page(offset >> PAGE_SHIFT);
            if (page == null) {
                Arrays.fill(into, start, start + n, (byte) 0);
            } else {
                System.arraycopy(page, inPage, into, start, n);
            }
            offset += n;
            start += n;
            length -= n;
        }
    }

    void write(long offset, byte[] from, int start, int length) {
        while (length > 0) {
            int inPage = (int) (offset & (PAGE_BYTES - 1));
            int n = Math.min(length, PAGE_BYTES - inPage);
            System.arraycopy(from, start, ownPage(offset >> PAGE_SHIFT), inPage, n);
            offset += n;
            start += n;
            length -= n;
        }
    }

    private byte[] page(long pageIndex) {
        Chunk chunk = chunks[(int) (pageIndex >> CHUNK_SHIFT)];
        Page page = chunk == null ? null : chunk.pages[(int) pageIndex & (CHUNK_PAGES - 1)];
        return page == null ? null : page.bytes;
    }

    private byte[] ownPage(long pageIndex) {
        int chunkIndex = (int) (pageIndex >> CHUNK_SHIFT);
        Chunk chunk = chunks[chunkIndex];
        if (chunk == null || chunk.owner != owner) {
            chunk = new Chunk(owner, chunk == null ? new Page[CHUNK_PAGES] : chunk.pages.clone());
            chunks[chunkIndex] = chunk;
        }
        int index = (int) pageIndex & (CHUNK_PAGES - 1);
        Page page = chunk.pages[index];
        if (page == null || page.owner != owner) {
            page = new Page(owner, page == null ? new byte[PAGE_BYTES] : page.bytes.clone());
            chunk.pages[index] = page;
        }
        return page.bytes;
    }

    /** {@code true} when both hold the same bytes; pages still shared are not compared. */
    boolean sameBytes(SectorImage other) {
        for (int c = 0; c < chunks.length; c++) {
            Chunk mine = chunks[c];
            Chunk theirs = other.chunks[c];
            if (mine == theirs) {
                continue;
            }
            for (int p = 0; p < CHUNK_PAGES; p++) {
                Page a = mine == null ? null : mine.pages[p];
                Page b = theirs == null ? null : theirs.pages[p];
                if (a != b && !sameBytes(a, b)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean sameBytes(Page a, Page b) {
        byte[] zeros = new byte[PAGE_BYTES];
        return Arrays.equals(a == null ? zeros : a.bytes, b == null ? zeros : b.bytes);
    }
}
