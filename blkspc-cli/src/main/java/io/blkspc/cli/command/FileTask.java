package io.blkspc.cli.command;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.cli.fs.FileSystemSpace;
import io.blkspc.cli.fs.FsPath;
import io.blkspc.cli.fs.Putting;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.pool.PoolLink;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import io.blkspc.cli.text.Sizes;
import io.blkspc.xfsish.file.FileStatus;
import io.blkspc.xfsish.file.FileSystem;
import io.blkspc.xfsish.file.FileSystemOptions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** A command on the files of a volume: mounted in this process, and unmounted before it ends. */
abstract class FileTask extends Task {

    /** Nanoseconds since 1970. */
    static final LongSupplier CLOCK = () -> ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now());

    /** What a command does with a file system. */
    interface FilesUse<T> {
        T with(FileSystem files) throws Exception;
    }

    /** Only looking also needs a mount, which may have a log to replay. */
    @Override
    boolean changes() {
        return true;
    }

    final <T> T withFiles(String volume, FilesUse<T> use) throws Exception {
        Names.volume(volume);
        return withPool(link -> withFiles(link, volume, use));
    }

    static <T> T withFiles(PoolLink link, String volume, FilesUse<T> use) throws Exception {
        try (BlockSpace space = link.openSpace(volume);
                FileSystem files = FileSystem.mount(space, FileSystemOptions.defaults(CLOCK))) {
            return use.with(files);
        }
    }

    /** A limit as people write it: {@code all}, or a size. */
    static long usableBytes(String text) {
        return text.equals("all") ? FileSystemSpace.ALL : Sizes.parseWhole(text, Geometry.BLOCK_BYTES);
    }

    /** All in one volume: a mount has one. */
    static String volumeOf(List<FsPath> paths) {
        String volume = paths.getFirst().volume();
        for (FsPath path : paths) {
            if (!path.volume().equals(volume)) {
                throw CommandFailure.usage(
                        "all files of one command are in one volume: first=" + volume + ", other=" + path.volume());
            }
        }
        return volume;
    }

    /** {@code target}, or where {@code name} goes when that is a directory. */
    static String inDirectory(FileSystem files, String target, String name) {
        FileStatus there = Putting.status(files, target);
        return there != null && there.isDirectory() ? FsPath.below(target, name) : target;
    }

    static String typeOf(FileStatus status) {
        return status.isDirectory() ? "directory" : status.isFile() ? "file" : "symlink";
    }

    static String modeOf(FileStatus status) {
        return String.format(Locale.ROOT, "%04o", status.mode() & 07777);
    }

    static String timeOf(long nanos) {
        long second = TimeUnit.SECONDS.toNanos(1);
        return Instant.ofEpochSecond(Math.floorDiv(nanos, second), Math.floorMod(nanos, second))
                .toString();
    }

    static Map<String, Object> facts(String name, FileStatus status) {
        return Json.of(
                "name", name,
                "type", typeOf(status),
                "inode", status.inode(),
                "mode", modeOf(status),
                "uid", status.uid(),
                "gid", status.gid(),
                "links", status.links(),
                "size", status.sizeBytes(),
                "used", status.blocks() * Geometry.BLOCK_BYTES,
                "accessed", timeOf(status.accessed()),
                "modified", timeOf(status.modified()),
                "changed", timeOf(status.changed()));
    }
}
