package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The data lies in a file that was accepted without its space, and the file system under it fills up and is emptied again. */
@Timeout(120)
class OutOfBackingTest {

    private static final int MIB = 1 << 20;

    @TempDir
    private Path directory;

    @Test
    void writesFailOneByOneUntilThereIsRoomAgain() throws IOException {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "skipped: mount needs root");
        try (Mount small = Mount.of("tmpfs", directory.resolve("small"), "size=8M", "tmpfs")) {
            Path data = small.directory().resolve("data");
            try (RandomAccessFile sparse = new RandomAccessFile(data.toFile(), "rw")) {
                sparse.setLength(64L * MIB);
            }
            Path pool = directory.resolve("pool");
            Blkspc blkspc = new Blkspc(pool);
            blkspc.run("pool", "create", "--size", "64M", "--data", data.toString(), "--force")
                    .exits(Blkspc.NO_SPACE);
            blkspc.ok("pool", "create", "--size", "64M", "--data", data.toString(), "--force", "--allow-unreserved");
            blkspc.ok("create", "one", "-s", "32M");
            try (ServerProcess server = new ServerProcess(pool)) {
                server.start();
                useUp(small, blkspc, server);
                server.stopCleanly();
            }
            blkspc.ok("pool", "check");
        }
    }

    private static void useUp(Mount small, Blkspc blkspc, ServerProcess server) throws IOException {
        Path filler = Files.write(small.directory().resolve("filler"), new byte[4 * MIB]);
        try (NbdConnection connection = server.connect("one")) {
            int taken = 0;
            while (takes(connection, taken)) {
                taken++;
            }
            assertThat(taken).isBetween(2, 5);
            assertThat(state(blkspc)).isEqualTo("out-of-backing");
            for (int piece = 0; piece < taken; piece++) {
                assertThat(connection.read((long) piece * MIB, MIB)).isEqualTo(piece(piece + 1));
            }
            connection.flush();
            connection.write(0, piece(100), 0);
            assertThat(connection.read(0, MIB)).isEqualTo(piece(100));
            assertThat(takes(connection, taken)).as("room for a new piece").isFalse();
            blkspc.ok("snapshot", "one@then");

            Files.delete(filler);
            assertThat(takes(connection, taken)).as("room for a new piece").isTrue();
            assertThat(state(blkspc)).isEqualTo("serving");
            assertThat(connection.read((long) taken * MIB, MIB)).isEqualTo(piece(taken + 1));
            assertThat(connection.read(0, MIB)).isEqualTo(piece(100));
            connection.flush();
        }
    }

    private static Object state(Blkspc blkspc) {
        Map<String, Object> status = blkspc.object("pool", "status");
        return status.get("state");
    }

    private static boolean takes(NbdConnection connection, int piece) throws IOException {
        try {
            connection.write((long) piece * MIB, piece(piece + 1), 0);
            return true;
        } catch (NbdConnection.Refused refused) {
            assertThat(refused.errno()).isEqualTo(NbdConnection.ENOSPC);
            assertThatThrownBy(() -> connection.write((long) piece * MIB, piece(piece + 1), 0))
                    .isInstanceOf(NbdConnection.Refused.class);
            return false;
        }
    }

    private static ByteBuffer piece(int value) {
        byte[] bytes = new byte[MIB];
        java.util.Arrays.fill(bytes, (byte) value);
        return ByteBuffer.wrap(bytes);
    }
}
