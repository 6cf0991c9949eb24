package io.blkspc.host.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** docs/format/journal.md lists the types of records. */
class RecordTypeDocsTest {

    @Test
    void docsNameEveryTypeWithItsCode() throws IOException {
        String types = Arrays.stream(RecordType.values())
                .map(type -> type.code() + " " + type)
                .collect(Collectors.joining(", "));
        assertThat(Files.readString(Path.of("..", "docs", "format", "journal.md")))
                .contains("| 72 | 2 | `type` | " + types + " |");
    }
}
