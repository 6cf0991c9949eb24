package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.blkspc.cli.HostAccess;
import io.blkspc.cli.command.CommandRun;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The messages that docs/operations.md names, each brought about: it is said as on the page, with the exit code of the page. */
@Timeout(150)
class OperationsMessagesTest {

    /** Messages which {@link OperationsDocsTest}, {@link OperationsStatesTest} and {@link DumpStopTest} bring about. */
    private static final Set<String> ELSEWHERE = Set.of(
            "snapshot is held",
            "pool cannot grow",
            "pool is in use by another process",
            "snapshot is being dumped",
            "dump was ended");

    @TempDir
    private Path directory;

    private final OperationsPage page = new OperationsPage();

    private CommandRun pool(String name) {
        return new CommandRun(new HostAccess(), directory.resolve(name));
    }

    private interface Bringing {
        /** What the product printed or logged. */
        String about(String text) throws IOException;
    }

    @Test
    void everyMessageIsSaidAsThePageHasIt() throws IOException {
        Map<String, Bringing> bringing = Map.ofEntries(
                Map.entry("pool uses features this version can only read", text -> changed(text, 40, 1L << 40)),
                Map.entry("pool uses features this version does not know", text -> changed(text, 32, 1L << 41)),
                Map.entry("pool format is newer", text -> changed(text, 12, -1)),
                Map.entry("one superblock copy is damaged and will be written again", this::damagedCopy),
                Map.entry("dump record ... is damaged", text -> changedDump(text, -1, 0)),
                Map.entry("dump uses features this version does not know", text -> changedDump(text, 40, 1L << 41)),
                Map.entry("dump has a format this version does not read", text -> changedDump(text, 32, 2)),
                Map.entry("data does not belong to this pool as it was stopped", this::swapped),
                Map.entry("file is truncated", this::truncated),
                Map.entry("No space left in pool", this::tooMuch),
                Map.entry("no socket can be made in the pool, they are in DIR", this::noSocket),
                Map.entry("node map is kept in memory until the next start", this::noMap));
        Set<String> onPage = new LinkedHashSet<>();
        page.messages().forEach(message -> onPage.add(message.text()));
        Set<String> tried = new TreeSet<>(bringing.keySet());
        tried.addAll(ELSEWHERE);
        assertThat(new TreeSet<>(onPage)).isEqualTo(tried);
        for (Map.Entry<String, Bringing> each : bringing.entrySet()) {
            String said = each.getValue().about(each.getKey());
            for (String part : each.getKey().split(" \\.\\.\\. |DIR", -1)) {
                assertThat(said).as(each.getKey()).contains(part);
            }
        }
    }

    private int made;

    private CommandRun newPool() {
        CommandRun pool = pool("message" + made++);
        pool.ok("pool", "create", "--size", "4M");
        pool.ok("create", "vm", "-s", "1M");
        return pool;
    }

    private String changed(String text, int offset, long value) throws IOException {
        CommandRun pool = newPool();
        Path file = pool.pool().resolve("superblock");
        byte[] bytes = Files.readAllBytes(file);
        for (int copy = 0; copy < bytes.length; copy += 4096) {
            ByteBuffer fields = ByteBuffer.wrap(bytes, copy, 4096).slice().order(ByteOrder.LITTLE_ENDIAN);
            if (value < 0) {
                fields.putInt(offset, 2);
            } else {
                fields.putLong(offset, value);
            }
            CRC32C crc = new CRC32C();
            crc.update(bytes, copy + 12, 4096 - 12);
            fields.putInt(8, (int) crc.getValue());
        }
        Files.write(file, bytes);
        return pool.run("create", "new", "-s", "1M")
                .exits(page.exitCodeOf(text))
                .err();
    }

    private String damagedCopy(String text) throws IOException {
        assertThat(page.exitCodeOf(text)).isNegative();
        CommandRun pool = newPool();
        Path file = pool.pool().resolve("superblock");
        byte[] bytes = Files.readAllBytes(file);
        bytes[100] ^= 1;
        Files.write(file, bytes);
        return logOf(() -> pool.ok("create", "new", "-s", "1M"));
    }

    private String truncated(String text) throws IOException {
        CommandRun pool = newPool();
        Path file = pool.pool().resolve("segments");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        String said = pool.run("list").exits(page.exitCodeOf(text)).err();
        Files.write(file, bytes);
        pool.ok("list");
        return said;
    }

    /** With the data of another pool nothing is done, and with its own all is as before. */
    private String swapped(String text) throws IOException {
        CommandRun pool = newPool();
        Path data = pool.pool().resolve("data");
        byte[] own = Files.readAllBytes(data);
        Files.copy(newPool().pool().resolve("data"), data, StandardCopyOption.REPLACE_EXISTING);
        int exitCode = page.exitCodeOf(text);
        for (String[] command : new String[][] {
            {"create", "new", "-s", "1M"}, {"export", "vm", "-"}, {"pool", "status"}, {"pool", "dump", "-"}
        }) {
            assertThat(pool.run(command).exits(exitCode).err())
                    .as(command[0])
                    .contains(text)
                    .contains("found=label of pool ");
        }
        assertThat(pool.run("pool", "check").exits(exitCode).out())
                .startsWith("data label offset=")
                .contains(text);
        String saved = directory.resolve("saved").toString();
        assertThat(pool.run("pool", "repair", "--to", saved).exits(exitCode).out())
                .contains("lost (pool): ")
                .contains(text);
        String said = pool.run("list").exits(exitCode).err();
        Files.write(data, own);
        pool.ok("list");
        pool.ok("pool", "check");
        return said;
    }

    private String tooMuch(String text) {
        return newPool()
                .run("create", "new", "-s", "8M", "--reserve", "full")
                .exits(page.exitCodeOf(text))
                .err();
    }

    private String noSocket(String text) throws IOException {
        assertThat(page.exitCodeOf(text)).isNegative();
        CommandRun pool = newPool();
        Files.createDirectories(pool.pool().resolve("control.sock").resolve("not-a-socket"));
        return logOf(() -> {
            try (InProcessServer _ = new InProcessServer(pool)) {
                assertThat(InProcessServer.state(pool)).isEqualTo("serving"); // found through the lock file
            } catch (IOException failure) {
                throw new AssertionError(failure);
            }
        });
    }

    private String noMap(String text) throws IOException {
        assertThat(page.exitCodeOf(text)).isNegative();
        CommandRun pool = newPool();
        Path map = pool.pool().resolve("extents.map");
        Files.deleteIfExists(map);
        Files.createDirectories(map.resolve("not-a-map"));
        return logOf(() -> {
            try (InProcessServer _ = new InProcessServer(pool)) {
                InProcessServer.write(pool, "vm", 1);
            } catch (IOException failure) {
                throw new AssertionError(failure);
            }
        });
    }

    /** Changes a field of the header of a dump and seals it again; without an offset one bit, and does not. */
    private String changedDump(String text, int offset, long value) throws IOException {
        Path file = directory.resolve("dump" + made);
        newPool().ok("pool", "dump", file.toString());
        byte[] bytes = Files.readAllBytes(file);
        ByteBuffer fields = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (offset < 0) {
            bytes[60] ^= 1;
        } else {
            fields.putInt(offset, (int) value);
            if (value > Integer.MAX_VALUE) {
                fields.putLong(offset, value);
            }
            CRC32C crc = new CRC32C();
            crc.update(bytes, 8, 24 + fields.getInt(28));
            fields.putInt(4, (int) crc.getValue());
        }
        Files.write(file, bytes);
        CommandRun restored = pool("restored" + made);
        String said = restored.run("pool", "restore", file.toString())
                .exits(page.exitCodeOf(text))
                .err();
        assertThat(restored.pool()).doesNotExist();
        return said;
    }

    /** What is logged at WARN meanwhile: people see it on standard error. */
    private static String logOf(Runnable action) {
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        ListAppender<ILoggingEvent> seen = new ListAppender<>();
        seen.start();
        root.addAppender(seen);
        try {
            action.run();
        } finally {
            root.detachAppender(seen);
        }
        return List.copyOf(seen.list).stream()
                .map(ILoggingEvent::getFormattedMessage)
                .toList()
                .toString();
    }
}
