package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Management commands say and do the same whether a server holds the pool or the command opens it itself. */
@Timeout(150)
class TwoProcessesTest {

    /** What differs for good reasons: who has it open, when it was made, which random identity it got, the journal. */
    private static final Set<String> MOMENTARY = Set.of(
            "state",
            "clean",
            "recovery_ms",
            "connections",
            "created",
            "uuid",
            "elapsed_us",
            "quarantined",
            "metadata_used",
            "journal_used",
            "sequence",
            "durable_sequence");

    @TempDir
    private Path directory;

    @Test
    void readingCommandsAnswerTheSame() throws IOException {
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "128M")) {
            history(pool);
            try (NbdConnection connection = connected(pool)) {
                connection.write(8192, ByteBuffer.allocate(100_000).put(0, (byte) 1), 0);
                connection.flush();
            }
            pool.command().ok("destroy", "gone", "--wait");
            Map<String, Object> live = answers(pool.command());
            pool.server().stopCleanly();
            assertThat(answers(pool.command())).isEqualTo(live);
        }
    }

    @Test
    void changingCommandsDoTheSame() throws IOException {
        try (TestPool live = TestPool.create(directory.resolve("live"), "128M");
                TestPool offline = TestPool.create(directory.resolve("offline"), "128M")) {
            live.server().start();
            List<Object> ofLive = history(live);
            List<Object> ofOffline = history(offline);
            assertThat(ofOffline).isEqualTo(ofLive);
            assertThat(answers(offline.command())).isEqualTo(answers(live.command()));
        }
    }

    private static NbdConnection connected(TestPool pool) throws IOException {
        pool.server().start();
        return pool.server().connect("copy");
    }

    /** A volume, a snapshot of it, a clone of each, and one more that will be destroyed. */
    private static List<Object> history(TestPool pool) {
        Blkspc blkspc = pool.command();
        List<Object> said = new ArrayList<>();
        said.add(lasting(blkspc.object("create", "one", "-s", "16M")));
        said.add(blkspc.ok("snapshot", "one@now").exit());
        said.add(blkspc.ok("clone", "one@now", "copy").exit());
        said.add(blkspc.ok("clone", "one", "gone").exit());
        said.add(blkspc.run("create", "one", "-s", "8M").exit());
        said.add(blkspc.run("info", "nobody").err());
        return said;
    }

    private static Map<String, Object> answers(Blkspc blkspc) {
        Map<String, Object> answers = new LinkedHashMap<>();
        answers.put(
                "list",
                blkspc.array("list").stream().map(TwoProcessesTest::lasting).toList());
        answers.put("status", lasting(blkspc.object("pool", "status")));
        for (String name : List.of("one", "copy", "one@now")) {
            answers.put("info " + name, lasting(blkspc.object("info", name)));
            answers.put("map " + name, blkspc.array("map", name));
        }
        return answers;
    }

    private static Map<String, Object> lasting(Map<String, Object> object) {
        Map<String, Object> lasting = new LinkedHashMap<>(object);
        lasting.keySet().removeAll(MOMENTARY);
        return lasting;
    }
}
