package io.blkspc.host.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryFailureTest {

    @TempDir
    private Path dir;

    @Test
    void killsEarlyWhereTheKernelIsToldTo() throws Exception {
        Path setting = dir.resolve("memory_failure_early_kill");
        assertThat(MemoryFailure.killsEarly(setting)).as("no such setting").isFalse();
        Files.writeString(setting, "0\n");
        assertThat(MemoryFailure.killsEarly(setting)).isFalse();
        Files.writeString(setting, "1\n");
        assertThat(MemoryFailure.killsEarly(setting)).isTrue();
    }
}
