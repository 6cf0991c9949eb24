package io.blkspc.cli.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;

/**
 * What the disks of a {@link DiskLog} may hold after a power cut: everything that a flush covers, and of what it does not any
 * subset of sectors. The places of the cuts must not go back, because the flushed part is brought forward from one to the
 * next.
 */
final class PowerCut {

    private static final double[] PROBABILITIES = {0.02, 0.2, 0.5, 0.8, 0.98};

    private static final int EXT4_SUPERBLOCK_AT = 1024;
    private static final int EXT4_SUPERBLOCK_BYTES = 1024;
    private static final int EXT4_MAGIC_AT = 56;
    private static final int EXT4_MAGIC_LOW = 0x53;
    private static final int EXT4_MAGIC_HIGH = 0xEF;

    /** A write that no flush covers so far. */
    private static final class Pending {

        private final DiskLog.Event write;
        private final int index;
        private int answeredAt = Integer.MAX_VALUE;

        private Pending(DiskLog.Event write, int index) {
            this.write = write;
            this.index = index;
        }
    }

    private final DiskLog log;
    private final List<Path> flushed;
    private final int flushesIgnoredFrom;
    private final List<Pending> pending = new ArrayList<>();
    private int scanned;

    /**
     * Cuts the power of the disks of this log.
     *
     * @param flushed images of the disks as they were when the log began; brought forward here
     * @param flushesIgnoredFrom event from which on the disks say that they have flushed and have not: a fault to plant;
     *     {@link Integer#MAX_VALUE} for honest disks
     */
    PowerCut(DiskLog log, List<Path> flushed, int flushesIgnoredFrom) {
        this.log = log;
        this.flushed = flushed;
        this.flushesIgnoredFrom = flushesIgnoredFrom;
    }

    /** Makes one legal set of images of a cut right before event {@code cut}; returns how many writes were not flushed. */
    int materialise(int cut, CutKind kind, Random random, List<Path> images) {
        try {
            advanceTo(cut);
            for (int disk = 0; disk < images.size(); disk++) {
                Files.deleteIfExists(images.get(disk));
                Exec.run(
                                "cp",
                                "--reflink=auto",
                                flushed.get(disk).toString(),
                                images.get(disk).toString())
                        .ok();
            }
            keepSome(kind, random, images);
            return pending.size();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private void advanceTo(int cut) throws IOException {
        for (; scanned < cut; scanned++) {
            DiskLog.Event event = log.event(scanned);
            switch (event.kind()) {
                case WRITE -> pending.add(new Pending(event, scanned));
                case WRITTEN -> answered(event.subject());
                case FLUSH -> {}
                case FLUSHED -> {
                    if (event.subject() < flushesIgnoredFrom) {
                        settle(event);
                    }
                }
            }
        }
    }

    private void answered(int write) {
        for (int i = pending.size() - 1; i >= 0; i--) {
            if (pending.get(i).index == write) {
                pending.get(i).answeredAt = scanned;
                return;
            }
        }
    }

    private void settle(DiskLog.Event end) throws IOException {
        try (FileChannel image = FileChannel.open(flushed.get(end.disk()), StandardOpenOption.WRITE)) {
            for (Iterator<Pending> each = pending.iterator(); each.hasNext(); ) {
                Pending candidate = each.next();
                if (candidate.write.disk() == end.disk() && candidate.answeredAt < end.subject()) {
                    put(image, candidate.write.offset(), log.bytes(candidate.write));
                    each.remove();
                }
            }
        }
    }

    private void keepSome(CutKind kind, Random random, List<Path> images) throws IOException {
        int odd = pending.isEmpty() ? 0 : random.nextInt(pending.size());
        double probability = PROBABILITIES[random.nextInt(PROBABILITIES.length)];
        List<FileChannel> channels = new ArrayList<>();
        try {
            for (Path image : images) {
                channels.add(FileChannel.open(image, StandardOpenOption.WRITE));
            }
            for (int i = 0; i < pending.size(); i++) {
                boolean isWhole = switch (kind) {
                    case NONE, RANDOM -> false;
                    case ALL -> true;
                    case ONLY_LAST -> i == pending.size() - 1;
                    case ALL_BUT_ONE -> i != odd;
                    case NEWEST_HALF -> i >= pending.size() / 2;
                };
                DiskLog.Event write = pending.get(i).write;
                FileChannel image = channels.get(write.disk());
                if (isWhole) {
                    put(image, write.offset(), log.bytes(write));
                } else if (kind == CutKind.RANDOM) {
                    putSome(image, write, random, probability);
                }
            }
        } finally {
            for (FileChannel channel : channels) {
                channel.close();
            }
        }
    }

    private void putSome(FileChannel image, DiskLog.Event write, Random random, double probability) throws IOException {
        ByteBuffer bytes = log.bytes(write);
        int length;
        for (int at = 0; at < write.length(); at += length) {
            length = Math.min(unitAt(write.offset() + at, bytes, at), write.length() - at);
            if (random.nextDouble() < probability) {
                put(image, write.offset() + at, bytes.slice(at, length));
            }
        }
    }

    /**
     * Bytes that stay together: a sector, or the superblock of ext4, which fills two. Its checksum is in the second and it
     * is written in place, so ext4 itself does not mount with one of them old: that is not what is tested here.
     */
    private static int unitAt(long offset, ByteBuffer bytes, int at) {
        boolean isSuperblock = offset == EXT4_SUPERBLOCK_AT
                && bytes.capacity() >= at + EXT4_SUPERBLOCK_BYTES
                && (bytes.get(at + EXT4_MAGIC_AT) & 0xFF) == EXT4_MAGIC_LOW
                && (bytes.get(at + EXT4_MAGIC_AT + 1) & 0xFF) == EXT4_MAGIC_HIGH;
        return isSuperblock ? EXT4_SUPERBLOCK_BYTES : Sector.BYTES;
    }

    private static void put(FileChannel image, long offset, ByteBuffer bytes) throws IOException {
        long at = offset;
        while (bytes.hasRemaining()) {
            at += image.write(bytes, at);
        }
    }
}
