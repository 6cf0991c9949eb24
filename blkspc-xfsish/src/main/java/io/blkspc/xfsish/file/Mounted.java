package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.xfsish.Subvolume;
import io.blkspc.xfsish.group.Groups;
import io.blkspc.xfsish.inode.Directories;
import io.blkspc.xfsish.inode.Inodes;
import io.blkspc.xfsish.log.Log;
import io.blkspc.xfsish.metadata.Metadata;
import io.blkspc.xfsish.transaction.Transaction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** The parts of one mounted file system, and the frame every change runs in. Guarded by the lock of the file system. */
final class Mounted {

    private static final int MAX_CHUNK_BLOCKS = 64;
    private static final int BUFFERS_PER_BLOCK = 32;

    final Subvolume subvolume;
    final Metadata metadata;
    final Groups groups;
    final Inodes inodes;
    final Directories directories;
    final Delayed delayed;
    final Checkpoints checkpoints;
    final Reservations reservations;
    final LongSupplier clock;

    Mounted(Subvolume subvolume, Metadata metadata, Log log, FileSystemOptions options) {
        this.subvolume = subvolume;
        this.metadata = metadata;
        this.clock = options.clock();
        groups = new Groups(metadata);
        directories = new Directories(metadata, groups, options.indexes());
        inodes = new Inodes(metadata, groups, directories::forget);
        delayed = new Delayed(groups.count());
        checkpoints = new Checkpoints(subvolume, metadata, groups, inodes, log, delayed);
        reservations = new Reservations(subvolume, metadata, groups, () -> checkpoints.run(true));
        checkpoints.reservations(reservations);
    }

    /**
     * Blocks of data of one transaction. Each may go to a group of its own and end in a leaf of its own, so that the worst case is
     * several times as many buffers.
     */
    int chunkBlocks() {
        return Math.min(MAX_CHUNK_BLOCKS, subvolume.maxDirty() / BUFFERS_PER_BLOCK);
    }

    long now() {
        return clock.getAsLong();
    }

    /**
     * Runs a change as one transaction. Everything that may refuse it is asked before, in {@code need} at the latest; what
     * fails inside ends the file system, because there is no before-image.
     *
     * @throws BlockSpaceException {@code OUT_OF_SPACE}; {@code OUT_OF_BACKING}, {@code IO} of a checkpoint that is not finished;
     *     {@code IO}, {@code CORRUPT} inside: nothing of it happened on the medium
     */
    <T> T change(Supplier<Need> need, Supplier<T> body) {
        return change(need, () -> {}, body);
    }

    /**
     * As {@link #change(Supplier, Supplier)}, for a change that keeps bytes of data blocks.
     *
     * @param look reads these blocks into the transaction and changes nothing: where that fails, the change is refused and the file
     *     system goes on
     */
    <T> T change(Supplier<Need> need, Runnable look, Supplier<T> body) {
        checkpoints.finish();
        Transaction transaction = reservations.begin(need);
        boolean begun = false;
        boolean done = false;
        try {
            metadata.run(transaction);
            look.run();
            begun = true;
            T result = body.get();
            transaction.commit();
            done = true;
            return result;
        } finally {
            if (!done) {
                abandon(transaction, begun);
            }
            metadata.end();
        }
    }

    private void abandon(Transaction transaction, boolean begun) {
        if (begun) {
            subvolume.shutDown();
        }
        transaction.close();
        if (begun) {
            directories.forgetAll();
        }
    }

    /** The transaction of the change that runs. */
    Transaction running() {
        return metadata.running();
    }

    static BlockSpaceException notFound(String what) {
        return new BlockSpaceException(Code.NOT_FOUND, "no such file or directory: " + what);
    }
}
