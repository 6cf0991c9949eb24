package io.blkspc.cli.fs;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.xfsish.file.FileStatus;
import io.blkspc.xfsish.file.FileSystem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Copies files of this machine into a file system: bytes, permissions, owners and times of modification. Zeros become holes;
 * a file that is there is overwritten, a directory is added to. One thread.
 */
public final class Putting {

    private static final int CHUNK_BYTES = 1 << 20;
    private static final int HOLE_BYTES = 1 << 16;

    private final FileSystem files;
    private final Copied copied = new Copied();
    private final MemorySegment chunk = Arena.ofAuto().allocate(CHUNK_BYTES);
    private final MemorySegment zeros = Arena.ofAuto().allocate(HOLE_BYTES);

    /** Copies into this one. */
    public Putting(FileSystem files) {
        this.files = files;
    }

    /** What was copied so far. */
    public Copied copied() {
        return copied;
    }

    /**
     * Copies a file, a symbolic link, or a directory with all that is in it.
     *
     * @param recursive directories are wanted
     */
    public void put(Path source, String target, boolean recursive) throws IOException {
        BasicFileAttributes facts = Files.readAttributes(source, BasicFileAttributes.class, NOFOLLOW_LINKS);
        if (facts.isSymbolicLink()) {
            files.symlink(Files.readSymbolicLink(source).toString(), target);
            copied.link();
            return;
        }
        if (facts.isRegularFile()) {
            try (FileChannel channel = FileChannel.open(source, StandardOpenOption.READ)) {
                stream(channel, target);
            }
        } else if (facts.isDirectory() && recursive) {
            directory(source, target);
        } else {
            throw CommandFailure.usage(
                    (facts.isDirectory() ? "is a directory, say --recursive: path=" : "cannot be copied: path=")
                            + source);
        }
        attributes(source, facts.lastModifiedTime(), target);
    }

    private void directory(Path source, String target) throws IOException {
        FileStatus there = status(files, target);
        if (there == null) {
            files.mkdir(target, 0755);
        } else if (!there.isDirectory()) {
            throw new BlockSpaceException(Code.EXISTS, "is there and no directory: path=" + target);
        }
        copied.directory();
        List<Path> inside;
        try (Stream<Path> listed = Files.list(source)) {
            inside = listed.sorted().toList();
        }
        for (Path each : inside) {
            put(each, FsPath.below(target, each.getFileName().toString()), true);
        }
    }

    /** Copies a stream to its end. */
    public void stream(ReadableByteChannel source, String target) throws IOException {
        if (status(files, target) == null) {
            files.create(target, 0644);
        } else {
            files.truncate(target, 0);
        }
        long at = 0;
        for (int count = fill(source); count > 0; count = fill(source)) {
            write(target, at, count);
            at += count;
        }
        files.truncate(target, at); // the end may be a hole
        copied.file(at);
    }

    private int fill(ReadableByteChannel source) throws IOException {
        var buffer = chunk.asByteBuffer();
        while (buffer.hasRemaining() && source.read(buffer) >= 0) {}
        return buffer.position();
    }

    private void write(String target, long at, int count) {
        for (int from = 0; from < count; ) {
            int part = Math.min(HOLE_BYTES, count - from);
            boolean isHole = chunk.asSlice(from, part).mismatch(zeros.asSlice(0, part)) < 0;
            long done = isHole ? part : files.write(target, at + from, chunk, from, part);
            from += (int) done;
        }
    }

    private void attributes(Path source, FileTime modified, String target) throws IOException {
        Map<String, Object> unix = Files.readAttributes(source, "unix:mode,uid,gid", NOFOLLOW_LINKS);
        files.chown(target, (int) unix.get("uid"), (int) unix.get("gid"));
        files.chmod(target, (int) unix.get("mode") & 07777);
        long nanos = modified.to(TimeUnit.NANOSECONDS);
        files.setTimes(target, nanos, nanos);
    }

    /** Facts of a path, symbolic links followed; null when there is nothing. */
    public static FileStatus status(FileSystem files, String path) {
        try {
            return files.followedStatus(path);
        } catch (BlockSpaceException e) {
            if (e.code() == Code.NOT_FOUND) {
                return null;
            }
            throw e;
        }
    }
}
