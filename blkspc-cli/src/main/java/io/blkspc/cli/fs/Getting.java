package io.blkspc.cli.fs;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.xfsish.file.FileStatus;
import io.blkspc.xfsish.file.FileSystem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Copies files out of a file system to this machine: bytes, permissions and times of modification. Zeros become holes. Inside
 * a directory nothing that is there is touched: names from a disk must not lead elsewhere. One thread.
 */
public final class Getting {

    private static final int CHUNK_BYTES = 1 << 20;
    private static final int HOLE_BYTES = 1 << 16;

    private final FileSystem files;
    private final Copied copied = new Copied();
    private final MemorySegment chunk = Arena.ofAuto().allocate(CHUNK_BYTES);
    private final MemorySegment zeros = Arena.ofAuto().allocate(HOLE_BYTES);

    /** Copies out of this one. */
    public Getting(FileSystem files) {
        this.files = files;
    }

    /** What was copied so far. */
    public Copied copied() {
        return copied;
    }

    /**
     * Copies a file over one that may be there; or with {@code recursive} a directory and all in it to a new name.
     */
    public void get(String source, Path target, boolean recursive) throws IOException {
        FileStatus facts = files.status(source);
        if (facts.isDirectory() && !recursive) {
            throw CommandFailure.usage("is a directory, say --recursive: path=" + FsPath.printable(source));
        }
        copy(source, facts, target, Set.of(WRITE, CREATE, TRUNCATE_EXISTING));
    }

    private void copy(String source, FileStatus facts, Path target, Set<OpenOption> options) throws IOException {
        if (facts.isSymlink()) {
            Files.createSymbolicLink(target, Path.of(files.readLink(source)));
            copied.link();
            return;
        }
        if (facts.isDirectory()) {
            Files.createDirectory(target);
            copied.directory();
            for (String name : files.list(source).stream().sorted().toList()) {
                String path = FsPath.below(source, name);
                copy(path, files.status(path), target.resolve(name), Set.of(WRITE, CREATE_NEW));
            }
        } else {
            try (FileChannel channel = FileChannel.open(target, options)) {
                toFile(source, channel);
            }
        }
        Files.setPosixFilePermissions(target, permissions(facts.mode()));
        Files.setLastModifiedTime(target, FileTime.from(facts.modified(), TimeUnit.NANOSECONDS));
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
        int bit = 0400;
        for (PosixFilePermission each : PosixFilePermission.values()) { // in the order of the bits
            if ((mode & bit) != 0) {
                set.add(each);
            }
            bit >>= 1;
        }
        return set;
    }

    private void toFile(String source, FileChannel channel) throws IOException {
        long at = 0;
        for (long count = read(source, at); count > 0; count = read(source, at)) {
            for (long from = 0; from < count; from += HOLE_BYTES) {
                long part = Math.min(HOLE_BYTES, count - from);
                if (chunk.asSlice(from, part).mismatch(zeros.asSlice(0, part)) >= 0) {
                    channel.position(at + from);
                    writeAll(channel, chunk.asSlice(from, part).asByteBuffer());
                }
            }
            at += count;
        }
        if (channel.size() < at) { // it ends with a hole
            channel.position(at - 1);
            writeAll(channel, ByteBuffer.wrap(new byte[1]));
        }
        copied.file(at);
    }

    /** Copies the bytes of a file. */
    public void toStream(String source, WritableByteChannel target) throws IOException {
        long at = 0;
        for (long count = read(source, at); count > 0; count = read(source, at)) {
            writeAll(target, chunk.asSlice(0, count).asByteBuffer());
            at += count;
        }
        copied.file(at);
    }

    private long read(String source, long at) {
        return files.read(source, at, chunk, 0, CHUNK_BYTES);
    }

    private static void writeAll(WritableByteChannel target, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            target.write(bytes);
        }
    }
}
