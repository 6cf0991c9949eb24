package io.blkspc.cli.pool;

import io.blkspc.api.Pool;
import io.blkspc.cli.action.CheckResult;
import io.blkspc.cli.action.DumpResult;
import io.blkspc.cli.action.RepairResult;
import io.blkspc.cli.action.RestoreResult;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** What the command needs of the host. The tests of the command put a model in its place. */
public interface PoolAccess {

    /** What the holder of a pool is doing. */
    enum Mode {
        /** A server that recovers and does not answer yet. */
        STARTING,
        /** A server that answers on its control socket. */
        SERVING,
        /** A command that holds the pool for itself, for a moment. */
        OFFLINE
    }

    /**
     * Who holds a pool.
     *
     * @param socket path of its control socket, or {@code null}
     */
    record Holder(long pid, Mode mode, String socket) {}

    /**
     * How to open a pool.
     *
     * @param mode what others see; a server says {@link Mode#STARTING} and later calls {@link OpenPool#serving}
     * @param controlSocket where a server will answer, else {@code null}
     * @param direct data goes around the page cache
     * @param readOnly write nothing, and take a damaged pool as far as it can be read
     * @param progress takes a few words now and then during a recovery
     */
    record OpenRequest(Mode mode, String controlSocket, boolean direct, boolean readOnly, Consumer<String> progress) {}

    /**
     * What a new pool shall be.
     *
     * @param sizeBytes capacity for data
     * @param data file or device for the data, or {@code null}: a file in the pool directory
     * @param metadataBytes capacity for metadata; 0: as much as the size needs
     * @param force use what is there already
     * @param allowUnreserved take a backing store that cannot promise its space
     */
    record NewPool(long sizeBytes, Path data, long metadataBytes, boolean force, boolean allowUnreserved) {}

    /** An open pool and the word that others see about it. */
    interface OpenPool {
        /** The pool. */
        Pool pool();

        /**
         * From now on others see {@link Mode#SERVING}.
         *
         * @param controlSocket where the server answers
         */
        void serving(String controlSocket);

        /** Looks for damage at one consistent point; clients go on. A deep look reads all data as well. */
        CheckResult check(boolean isDeep);

        /**
         * Writes all the pool contains at one moment into a stream; clients go on.
         *
         * @throws io.blkspc.api.BlockSpaceException {@code OUT_OF_SPACE} when that moment cannot be held; {@code NEEDS_CHECK}
         */
        DumpResult dump(OutputStream to);

        /** The pool is about to be closed: dumps end at once with {@code BUSY}. */
        void endDumps();
    }

    /** Who holds the pool now. */
    Optional<Holder> holder(Path directory);

    /**
     * Takes the pool.
     *
     * @throws io.blkspc.api.BlockSpaceException {@code BUSY} when someone else holds it; {@code NOT_FOUND}; {@code
     *     NEEDS_CHECK}
     */
    OpenPool open(Path directory, OpenRequest request);

    /**
     * Makes a pool.
     *
     * @throws io.blkspc.api.BlockSpaceException {@code EXISTS}; {@code OUT_OF_BACKING}
     */
    void create(Path directory, NewPool pool);

    /**
     * Copies what can be read of a damaged pool into a new one. Changes nothing in the damaged pool.
     *
     * @param data file or device for the data of the new pool, or {@code null}
     * @param force use {@code data} although it is there already
     * @param allowUnreserved take a backing store that cannot promise its space
     * @param progress takes a few words now and then
     * @throws io.blkspc.api.BlockSpaceException {@code NOT_FOUND}; {@code BUSY}; {@code EXISTS}; {@code OUT_OF_BACKING}; {@code
     *     NEEDS_CHECK} when nothing can be read
     */
    RepairResult repair(
            Path damaged, Path repaired, Path data, boolean force, boolean allowUnreserved, Consumer<String> progress);

    /**
     * Writes all that a pool nobody holds contains into a stream. Changes nothing.
     *
     * @param progress takes a few words now and then
     * @throws io.blkspc.api.BlockSpaceException {@code NOT_FOUND}; {@code BUSY}; {@code NEEDS_CHECK} when something is damaged
     */
    DumpResult dump(Path directory, OutputStream to, Consumer<String> progress);

    /**
     * Makes a pool equal to the one that was dumped, or leaves nothing of it.
     *
     * @param data file or raw device for the data of the new pool, or {@code null}
     * @param force use {@code data} although it has content
     * @param allowUnreserved take a backing store that cannot promise its space
     * @param progress takes a few words now and then
     * @throws io.blkspc.api.BlockSpaceException {@code EXISTS}; {@code NEEDS_CHECK} when the dump is damaged; {@code
     *     OUT_OF_BACKING}; {@code TOO_NEW}
     */
    RestoreResult restore(
            InputStream from,
            Path directory,
            Path data,
            boolean force,
            boolean allowUnreserved,
            Consumer<String> progress);

    /**
     * Looks for damage in a pool that nobody holds. Changes nothing.
     *
     * @param isDeep also read every data block that something holds
     * @throws io.blkspc.api.BlockSpaceException {@code NOT_FOUND}; {@code BUSY}; {@code NEEDS_CHECK} when so much is broken
     *     that nothing can be compared
     */
    CheckResult check(Path directory, boolean isDeep);
}
