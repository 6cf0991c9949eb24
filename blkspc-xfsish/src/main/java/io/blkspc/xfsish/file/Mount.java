package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.Subvolume;
import io.blkspc.xfsish.format.Superblock;
import io.blkspc.xfsish.log.Log;
import io.blkspc.xfsish.log.LogScan;
import io.blkspc.xfsish.metadata.Metadata;
import io.blkspc.xfsish.transaction.Transaction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Reads the superblock, replays the log where there is something to replay, and puts the parts together. */
final class Mount {

    private final Subvolume subvolume;

    private Mount(Subvolume subvolume) {
        this.subvolume = subvolume;
    }

    /**
     * What a mount found.
     *
     * @param mounted the parts
     * @param wasReplayed there was something in the log: the last user did not unmount
     * @param sequence newest record that was found
     */
    record Result(Mounted mounted, boolean wasReplayed, long sequence) {}

    /** Mounts; a replay that finds no space for itself changes nothing. */
    static Result run(BlockSpace space, FileSystemOptions options) {
        Subvolume subvolume = Subvolume.open(space, options.memory());
        boolean done = false;
        try {
            Result result = new Mount(subvolume).mount(space, options);
            done = true;
            return result;
        } finally {
            if (!done) {
                subvolume.shutDown();
            }
        }
    }

    private Result mount(BlockSpace space, FileSystemOptions options) {
        Superblock superblock = readSuperblock(space);
        LogScan scan = LogScan.read(
                (block, target) -> subvolume.read(block << Geometry.BLOCK_SHIFT, Geometry.BLOCK_BYTES, target, 0),
                superblock);
        Log log = new Log(subvolume, superblock, scan.newest());
        boolean isReplayed = !scan.images().isEmpty();
        if (isReplayed) {
            replay(scan, log);
            superblock = readSuperblock(space);
        }
        Mounted mounted = new Mounted(subvolume, new Metadata(subvolume, superblock), log, options);
        if (isReplayed) {
            mounted.groups.discardFree(run ->
                    space.discard(run.block() << Geometry.BLOCK_SHIFT, (long) run.count() << Geometry.BLOCK_SHIFT));
        }
        return new Result(mounted, isReplayed, scan.newest().sequence());
    }

    private Superblock readSuperblock(BlockSpace space) {
        MemorySegment block = Arena.ofAuto().allocate(Geometry.BLOCK_BYTES);
        subvolume.read(Superblock.ADDRESS, Geometry.BLOCK_BYTES, block, 0);
        return Superblock.read(block, Geometry.toBlocks(space.sizeBytes()));
    }

    private void replay(LogScan scan, Log log) {
        Cookie cookie = subvolume.reserve(scan.images().size() + 1);
        try {
            List<Map.Entry<Long, MemorySegment>> images =
                    new ArrayList<>(scan.images().entrySet());
            int batch = subvolume.maxDirty() / 4;
            for (int at = 0; at < images.size(); at += batch) {
                List<Map.Entry<Long, MemorySegment>> part = images.subList(at, Math.min(images.size(), at + batch));
                try (Transaction transaction = subvolume.begin(cookie, part.size(), part.size())) {
                    part.forEach(image -> transaction.overwrite(image.getKey()).copyFrom(image.getValue()));
                    transaction.commit();
                }
            }
            subvolume.sync();
            log.restart(cookie);
            log.force();
        } finally {
            cookie.put();
        }
    }
}
