package io.blkspc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.command.CommandRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code pool check} on the real host, of pools whose metadata cannot be loaded: all damage is told, as text and as JSON. */
class PoolCheckTest {

    private static final String NODE_MAGIC = "XTND";
    private static final int NODE_LEVEL = 24;
    private static final int IN_THE_MIDST = 1500;

    @TempDir
    private Path directory;

    private CommandRun command;

    @BeforeEach
    void makePool() {
        command = new CommandRun(new HostAccess(), directory.resolve("pool"));
        command.ok("pool", "create", "--size", "16M");
        byte[] image = new byte[64 << 10];
        Arrays.fill(image, (byte) 1);
        command.stdin(image).ok("import", "-", "mail", "-s", "2M");
        command.stdin(image).ok("import", "-", "web", "-s", "2M");
        command.ok("snapshot", "web@s");
    }

    private void flipLeaves() throws IOException {
        Path segments = command.pool().resolve("segments");
        byte[] bytes = Files.readAllBytes(segments);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        for (int at = text.indexOf(NODE_MAGIC); at >= 0; at = text.indexOf(NODE_MAGIC, at + 1)) {
            if (bytes[at + NODE_LEVEL] == 0) {
                bytes[at + IN_THE_MIDST] ^= 1;
            }
        }
        Files.write(segments, bytes);
    }

    private void flipSuperblocks(int offset) throws IOException {
        Path superblock = command.pool().resolve("superblock");
        byte[] bytes = Files.readAllBytes(superblock);
        bytes[offset] ^= 1;
        bytes[bytes.length / 2 + offset] ^= 1;
        Files.write(superblock, bytes);
    }

    @Test
    void everyDamagedNodeIsTold() throws IOException {
        flipLeaves();

        CommandRun.Result text = command.run("pool", "check").exits(4);
        CommandRun.Result json = command.run("pool", "check", "--json").exits(4);

        List<String> lines = text.out().lines().toList();
        assertThat(lines).hasSize(5);
        assertThat(lines.getFirst()).contains(" is damaged: offset=");
        for (String name : List.of("mail", "web", "web@s")) {
            assertThat(lines)
                    .anySatisfy(line -> assertThat(line)
                            .startsWith("volume " + name + " offset=0 length=1048576: ")
                            .contains(" is damaged: offset="));
        }
        assertThat(lines.getLast()).isEqualTo("4 findings: versions=0, nodes=0, extents=0, blocks=0");
        assertThat(text.err().lines()).hasSize(1);
        assertThat(text.err()).contains("the pool is damaged: findings=4");
        assertThat(json.err()).isEqualTo(text.err());
        assertThat(json.object())
                .isEqualTo(Map.of(
                        "clean",
                        false,
                        "findings",
                        lines.subList(0, 4),
                        "versions",
                        0,
                        "nodes",
                        0,
                        "extents",
                        0,
                        "blocks",
                        0,
                        "read_blocks",
                        0,
                        "clean_stop",
                        true));
    }

    @Test
    void bothSuperblocksAreOneFinding() throws IOException {
        flipSuperblocks(100);

        CommandRun.Result text = command.run("pool", "check").exits(4);
        CommandRun.Result json = command.run("pool", "check", "--json").exits(4);

        assertThat(text.out())
                .startsWith("superblock offset=0: superblock is damaged: offset=0")
                .endsWith("\n1 findings: versions=0, nodes=0, extents=0, blocks=0\n");
        assertThat(json.object())
                .containsEntry("clean", false)
                .containsEntry("clean_stop", false)
                .containsEntry("findings", text.out().lines().limit(1).toList());
    }

    @Test
    void whatIsNoPoolIsNoFinding() throws IOException {
        flipSuperblocks(0);
        CommandRun.Result result = command.run("pool", "check", "--json").exits(3);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("not a pool");
    }
}
