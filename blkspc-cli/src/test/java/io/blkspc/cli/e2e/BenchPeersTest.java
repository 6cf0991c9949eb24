package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.text.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The comparison runs with whoever is here, tells what it did, and leaves nothing behind. What it measures is not judged. */
@Timeout(150)
class BenchPeersTest {

    @TempDir
    private Path directory;

    @Test
    void comparisonWithWhoeverIsHereEndsInATableAndAnEmptyDirectory() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(Blkspc.command(
                List.of(),
                List.of(
                        "bench",
                        "peers",
                        "--json",
                        "--rounds=1",
                        "--millis=20",
                        "--size=1M",
                        "--extents=1024",
                        "--only=read-q1,fio-read-q32,first-write-thin,clone,clones-1000,list,rebuild,memory",
                        "--dir=" + directory)));
        Map<String, Object> facts =
                Json.object(Exec.run(Duration.ofMinutes(2), builder).ok().out());

        assertThat(Json.asObject(facts.get("machine"))).containsKeys("kernel", "pinned", "blkspc");
        // blkspc is its own rival here, so there is a row on every machine.
        Map<String, Object> row = Json.asObjects(facts.get("rows")).stream()
                .filter(each -> "blkspc, written".equals(each.get("against")))
                .findFirst()
                .orElseThrow();
        assertThat(row).containsEntry("workload", "first-write-thin").containsEntry("rounds", 1);
        assertThat(Json.asObjects(facts.get("figures")))
                .extracting(each -> each.get("figure"))
                .containsOnly("clone", "clones-1000", "list", "rebuild", "memory");
        assertThat(Json.asObjects(facts.get("figures")))
                .filteredOn(each -> "list".equals(each.get("figure")))
                .hasSize(2)
                .allSatisfy(each ->
                        assertThat(((Number) each.get("median")).doubleValue()).isPositive());
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }
}
