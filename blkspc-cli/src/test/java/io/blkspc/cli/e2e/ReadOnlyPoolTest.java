package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A pool that must not be written: it is refused, and can be read by everybody who asks for no more. */
@Timeout(150)
class ReadOnlyPoolTest {

    private static final int EPERM = 1;
    private static final int SUPERBLOCK_BYTES = 4096;
    private static final List<String> FILES = List.of("superblock", "journal", "segments", "extents.map", "data");
    private static final ByteBuffer CONTENTS = ByteBuffer.wrap("what alpha holds".getBytes(StandardCharsets.UTF_8));

    @TempDir
    private Path directory;

    private TestPool pool;

    @BeforeEach
    void killedPool() throws IOException {
        pool = TestPool.serving(directory.resolve("pool"), "64M");
        pool.request("create", Map.of("name", "alpha", "size", 1L << 20));
        try (NbdConnection connection = pool.server().connect("alpha")) {
            connection.write(8192, CONTENTS.duplicate(), 0);
            connection.flush();
        }
        pool.request("create", Map.of("name", "bravo", "size", 1L << 20));
        pool.request("create", Map.of("name", "charlie", "size", 1L << 20));
        pool.server().killHard();
    }

    @Test
    void damagedJournalIsServedReadOnlyUpToTheDamage() throws IOException {
        damageRecordOf("bravo");
        Map<String, Integer> before = bytes();

        refused(pool.command().run("serve"), Blkspc.NEEDS_CHECK, "journal");
        refused(pool.command().run("create", "delta", "-s", "1M"), Blkspc.NEEDS_CHECK, "journal");
        before.put(
                "extents.map", bytes().get("extents.map")); // an index: whoever tries to write begins to make it again

        Exec.Result status = pool.command().run("pool", "status", "--json").exits(Blkspc.NEEDS_CHECK);
        assertThat(status.out()).contains("\"needs-check\"").contains("\"volumes\" : 1");
        Exec.Result check = pool.command().run("pool", "check").exits(Blkspc.NEEDS_CHECK);
        assertThat(check.out()).contains("journal offset=");
        lookAndServe("alpha");
        repair();
        assertThat(bytes()).as("bytes of the pool's files").isEqualTo(before);
    }

    /** What is there before the damage is saved into a pool that can be written again. */
    private void repair() throws IOException {
        Path saved = directory.resolve("saved");
        Exec.Result repair =
                pool.command().run("pool", "repair", "--to", saved.toString()).exits(Blkspc.NEEDS_CHECK);
        assertThat(repair.out())
                .contains("lost (pool): everything after sequence=")
                .contains("volumes=1");
        refused(
                pool.command().run("pool", "repair", "--to", saved.toString()),
                Blkspc.NOT_FOUND_OR_EXISTS,
                "pool exists");
        Blkspc repaired = new Blkspc(saved);
        repaired.ok("pool", "check", "--deep");
        assertThat(repaired.array("list")).hasSize(1);
        try (ServerProcess server = new ServerProcess(saved)) {
            server.start();
            try (NbdConnection connection = server.connect("alpha")) {
                assertThat(connection.read(8192, CONTENTS.remaining())).isEqualTo(CONTENTS);
                connection.write(0, CONTENTS.duplicate(), 0);
            }
            repaired.ok("snapshot", "alpha@again");
            repaired.ok("pool", "check", "--deep"); // of a served pool
            server.stopCleanly();
        }
        repaired.ok("pool", "check");
    }

    @Test
    void featuresThatAllowOnlyReadingAreServedReadOnly() throws IOException {
        setInSuperblock(40, 1L << 40);
        Map<String, Integer> before = bytes();

        refused(pool.command().run("serve"), Blkspc.FAILED, "roCompat=0x10000000000");
        lookAndServe("alpha", "bravo", "charlie");
        assertThat(bytes()).as("bytes of the pool's files").isEqualTo(before);

        setInSuperblock(32, 1L << 41);
        before = bytes();
        refused(pool.command().run("list"), Blkspc.FAILED, "incompat=0x20000000000");
        refused(pool.command().run("serve", "--read-only"), Blkspc.FAILED, "incompat=0x20000000000");
        assertThat(bytes()).as("bytes of the pool's files").isEqualTo(before);
    }

    @Test
    void lookingAtAKilledPoolWritesNothingAndTheNextStartRecoversIt() throws IOException {
        Map<String, Integer> before = bytes();
        lookAndServe("alpha", "bravo", "charlie");
        assertThat(bytes()).as("bytes of the pool's files").isEqualTo(before);

        pool.server().start();
        pool.request("create", Map.of("name", "delta", "size", 1L << 20));
        pool.server().stopCleanly();
        assertThat(pool.command().array("list")).hasSize(4);
        pool.command().ok("pool", "check");
    }

    /** The commands that only look, then a server that only reads. */
    private void lookAndServe(String... names) throws IOException {
        assertThat(pool.command().array("list").stream()
                        .map(each -> each.get("name"))
                        .toList())
                .isEqualTo(List.of(names));
        assertThat(pool.command().object("info", "alpha")).containsEntry("mapped", 4096);
        try (ServerProcess server = new ServerProcess(pool.directory(), "--read-only")) {
            server.start();
            try (NbdConnection connection = server.connect("alpha")) {
                assertThat(connection.read(8192, CONTENTS.remaining())).isEqualTo(CONTENTS);
                assertThatThrownBy(() -> connection.write(0, CONTENTS.duplicate(), 0))
                        .isInstanceOfSatisfying(
                                NbdConnection.Refused.class,
                                e -> assertThat(e.errno()).isEqualTo(EPERM));
                assertThatThrownBy(() -> connection.trim(8192, 4096)).isInstanceOf(NbdConnection.Refused.class);
                connection.flush();
            }
            refused(pool.command().run("create", "delta", "-s", "1M"), Blkspc.FAILED, "read-only");
            refused(pool.command().run("snapshot", "alpha@s"), Blkspc.FAILED, "read-only");
            refused(pool.command().run("destroy", "alpha"), Blkspc.FAILED, "read-only");
            server.stopCleanly();
        }
    }

    private static void refused(Exec.Result result, int exit, String culprit) {
        result.exits(exit);
        assertThat(result.err()).contains(culprit).doesNotContain("Exception", "\tat ");
    }

    /** Of the files that make the pool; its lock says who has it, and its sockets are no files. */
    private Map<String, Integer> bytes() throws IOException {
        Map<String, Integer> bytes = new TreeMap<>();
        for (String name : FILES) {
            CRC32C crc = new CRC32C();
            crc.update(Files.readAllBytes(pool.directory().resolve(name)));
            bytes.put(name, (int) crc.getValue());
        }
        return bytes;
    }

    /** Flips a bit of the journal record that names a volume; a later record says that it was forced. */
    private void damageRecordOf(String volume) throws IOException {
        Path journal = pool.directory().resolve("journal");
        byte[] bytes = Files.readAllBytes(journal);
        int at = HexFormat.of()
                        .formatHex(bytes)
                        .indexOf(HexFormat.of().formatHex(volume.getBytes(StandardCharsets.UTF_8)))
                / 2;
        assertThat(at).isPositive();
        bytes[at] ^= (byte) 1;
        Files.write(journal, bytes);
    }

    private void setInSuperblock(int offset, long value) throws IOException {
        Path file = pool.directory().resolve("superblock");
        byte[] bytes = Files.readAllBytes(file);
        for (int copy = 0; copy < bytes.length; copy += SUPERBLOCK_BYTES) {
            ByteBuffer fields =
                    ByteBuffer.wrap(bytes, copy, SUPERBLOCK_BYTES).slice().order(ByteOrder.LITTLE_ENDIAN);
            fields.putLong(offset, value);
            CRC32C crc = new CRC32C();
            crc.update(bytes, copy + 12, SUPERBLOCK_BYTES - 12);
            fields.putInt(8, (int) crc.getValue());
        }
        Files.write(file, bytes);
    }
}
