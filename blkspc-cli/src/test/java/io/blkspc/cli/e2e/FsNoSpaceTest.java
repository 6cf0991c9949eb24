package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A mounted file system that finds no space: each system call says so itself, never a later fsync or close; what returned is
 * there, and removing files makes room.
 */
@Timeout(300)
class FsNoSpaceTest {

    private static final int MANY = 5000;
    private static final int FEW = 50;
    private static final String NO_SPACE = "No space left on device";

    /** What is full. */
    enum Full {
        /** The volume has used what {@code --limit} allows. */
        VOLUME,
        /** Others have the whole pool. */
        POOL,
        /** The file system has used what {@code --usable} allows. */
        FILE_SYSTEM
    }

    @TempDir
    private Path directory;

    private interface Call {
        void run(int number) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void everyCallSaysItselfThatThereIsNoSpaceAndRemovingMakesRoom(Full full) throws IOException {
        Tools.requireFuse();
        try (MountedFiles files = make(full)) {
            Path root = files.at("v");
            Path names = Files.createDirectory(root.resolve("names"));
            Path[] moved = {Files.write(root.resolve("moved"), new byte[100])};
            if (full == Full.POOL) {
                takeThePool(files);
            }
            byte[] bytes = new byte[64 << 10];
            new Random(3).nextBytes(bytes);
            Path file = root.resolve("file");
            long written = 0;
            try (FileChannel channel =
                    FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                written = fill(channel, bytes);
                refused(i -> Files.createDirectory(names.resolve("d" + i)));
                refused(i -> Files.createFile(names.resolve("f" + i)));
                if (full != Full.FILE_SYSTEM) { // another name in the same block takes none of it
                    refused(i -> moved[0] = Files.move(moved[0], root.resolve("moved" + i)));
                }
                for (int i = 0; i < FEW; i++) { // may be done in place over and over
                    isDone(j -> grow(moved[0], (1 << 20) + j), i);
                }
                channel.force(true); // all that returned
            }
            compare(file, bytes, written);
            Files.delete(file);
            try (Stream<Path> made = Files.list(names)) {
                for (Path each : made.toList()) {
                    Files.delete(each);
                }
            }
            grow(moved[0], 2 << 20);
            Path last = Files.move(moved[0], names.resolve("last"));
            Path again = root.resolve("again");
            try (FileChannel channel =
                    FileChannel.open(again, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                assertThat(channel.write(ByteBuffer.wrap(bytes))).isEqualTo(bytes.length);
                channel.force(true);
            }
            files.killAndMount("v");
            assertThat(again).hasBinaryContent(bytes);
            assertThat(last).hasSize(2 << 20);
            files.stopAndCheck("v");
        }
    }

    private MountedFiles make(Full full) {
        MountedFiles files = MountedFiles.none(directory, full == Full.POOL ? "64M" : "256M");
        Blkspc command = files.command();
        command.ok("create", "v", "-s", "96M", full == Full.VOLUME ? "--limit=24M" : "--limit=96M");
        command.ok("fs", "mkfs", "v", full == Full.FILE_SYSTEM ? "--usable=24M" : "--usable=all");
        files.pool().server().start();
        files.mount("v");
        return files;
    }

    /** Promises nearly all of it to others. */
    private static void takeThePool(MountedFiles files) throws IOException {
        int number = 0;
        for (long size = 64L << 20; size >= 4 << 20; ) {
            try {
                files.pool().request("create", Map.of("name", "other" + number++, "size", size, "guarantee", size));
            } catch (ControlSocket.Refused none) {
                size /= 2;
            }
        }
        assertThat(number).isGreaterThan(3);
    }

    /** Writes the bytes over and over, until not one block of them finds space; returns how many. */
    private static long fill(FileChannel channel, byte[] bytes) {
        long written = 0;
        for (int length = bytes.length; length >= 4096; ) {
            int from = (int) (written % bytes.length);
            try {
                written += channel.write(ByteBuffer.wrap(bytes, from, Math.min(length, bytes.length - from)));
            } catch (IOException none) {
                assertThat(none).hasMessage(NO_SPACE);
                length /= 2;
            }
        }
        assertThat(written).isGreaterThan(1 << 20);
        return written;
    }

    private static void refused(Call call) {
        for (int i = 0; i < MANY; i++) {
            if (!isDone(call, i)) {
                return;
            }
        }
        throw new AssertionError("never refused");
    }

    private static boolean isDone(Call call, int number) {
        try {
            call.run(number);
            return true;
        } catch (IOException none) {
            assertThat(none).hasMessageContaining(NO_SPACE);
            return false;
        }
    }

    private static void grow(Path file, long size) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(size);
        }
    }

    private static void compare(Path file, byte[] bytes, long length) throws IOException {
        assertThat(file).hasSize(length);
        try (InputStream in = Files.newInputStream(file)) {
            for (long at = 0; at < length; at += bytes.length) {
                int count = (int) Math.min(bytes.length, length - at);
                assertThat(in.readNBytes(count)).isEqualTo(Arrays.copyOf(bytes, count));
            }
        }
    }
}
