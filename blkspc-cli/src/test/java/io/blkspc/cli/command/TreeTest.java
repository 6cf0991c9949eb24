package io.blkspc.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.text.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code list --tree}. */
class TreeTest {

    private static Map<String, Object> version(String name, String origin) {
        return Json.of("name", name, "origin", origin);
    }

    @Test
    void snapshotsAndClonesStandUnderWhatTheyComeFrom() {
        assertThat(Tree.of(List.of(
                        version("a", null),
                        version("a@1", null),
                        version("b", "a@1"),
                        version("c", "a@1"),
                        version("d", "gone@1"),
                        version("a@2", null))))
                .isEqualTo("""
                        a
                        \u251c\u2500 a@1
                        \u2502  \u251c\u2500 b
                        \u2502  \u2514\u2500 c
                        \u2514\u2500 a@2
                        d
                        """);
    }

    /** What `destroy a`, `clone a@1 a` leaves: the snapshot is a's by its name, and a comes from it. */
    @Test
    void volumeThatWasMadeAnewFromItsOwnSnapshotIsShown() {
        assertThat(Tree.of(List.of(
                        version("a", "a@1"),
                        version("a@1", null),
                        version("a@2", null),
                        version("b", "a@2"),
                        version("x", null))))
                .isEqualTo("""
                        x
                        a
                        \u251c\u2500 a@1
                        \u2514\u2500 a@2
                           \u2514\u2500 b
                        """);
    }

    @Test
    void volumesThatComeFromOneAnothersSnapshotsAreShownOnce() {
        assertThat(Tree.of(List.of(
                        version("0", "b"),
                        version("a", "b@1"),
                        version("a@1", null),
                        version("b", "a@1"),
                        version("b@1", null))))
                .isEqualTo("""
                        b
                        \u251c\u2500 0
                        \u2514\u2500 b@1
                           \u2514\u2500 a
                              \u2514\u2500 a@1
                        """);
    }

    @Test
    void chainOfAnyLengthIsShownAndItsTextDoesNotGrowWithTheSquare() {
        int depth = 100_000;
        List<Map<String, Object>> chain = new ArrayList<>();
        for (int i = 0; i <= depth; i++) {
            chain.add(version("v" + i, i == 0 ? null : "v" + (i - 1)));
        }
        String text = Tree.of(chain);
        assertThat(text.lines()).hasSize(depth + 1);
        assertThat(text).contains("(100000) v100000\n").contains("\u2514\u2500 v40\n");
        assertThat(text.length()).isLessThan(depth * (3 * Tree.MOST_DRAWN + 30));
    }
}
